BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE applications (
	name TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	settings TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_applications PRIMARY KEY (name, revision)
);
INSERT INTO "applications" VALUES('app',1,'{"version":1,"application":"app","environments":{"prod":{"target":{"use":"process","command":"@PYTHON@ server.py {port}","instances":2,"health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"router":{"use":"envoy","listen":"@VISITORS@","drain":"1s"},"strategy":{"use":"canary","steps":[{"weight":"25%","hold":"2s"},{"weight":"50%","hold":"1s"}]}}}}','user:tester',1.79547990927079248422e+09);
CREATE TABLE epochs (
	environment TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	CONSTRAINT pk_epochs PRIMARY KEY (environment)
);
INSERT INTO "epochs" VALUES('app/prod',1,'@NODE@:32381:9e8ea48a');
CREATE TABLE events (
	stream TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	type TEXT NOT NULL, 
	v INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	data TEXT NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (stream, seq)
);
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',1,'RolloutAdmitted',1,'user:tester',1.79547990946578192713e+09,'{"rollout":"01m85f2d2jzf4w0n","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f2d2knd2ga8"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',1,'RolloutAdmitted',1,'user:tester',1.79547990946578192713e+09,'{"rollout":"01m85f2d2jzf4w0n","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f2d2knd2ga8"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',2,'StepStarted',1,'system:engine',1.79547990961129307748e+09,'{"step":1,"key":"01m85f2d2jzf4w0n:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',3,'StepFinished',1,'system:engine',1.79547990961129307748e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',2,'GroupWanted',1,'system:engine',1.79547990961129307748e+09,'{"group":"01m85f2d2knd2ga8","size":2}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',4,'StepStarted',1,'system:engine',1.79547990966288256642e+09,'{"step":2,"key":"01m85f2d2jzf4w0n:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',3,'InstanceStarting',1,'system:engine',1.79547990980084323882e+09,'{"group":"01m85f2d2knd2ga8","instance":"01m85f2dd8vzr9gr"}');
INSERT INTO "events" VALUES('environment:app/prod',4,'InstanceStarting',1,'system:engine',1.79547990982089591027e+09,'{"group":"01m85f2d2knd2ga8","instance":"01m85f2ddws1k70q"}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',5,'StepFinished',1,'system:engine',1795479910.33761,'{"step":2,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',6,'StepStarted',1,'system:engine',1.79547991034566092492e+09,'{"step":3,"key":"01m85f2d2jzf4w0n:3","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',5,'Shifted',1,'system:engine',1.79547991034566092492e+09,'{"rollout":"01m85f2d2jzf4w0n","split":{"shares":{"01m85f2d2knd2ga8":10000}}}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',7,'StepFinished',1,'system:engine',1.79547991040231776234e+09,'{"step":3,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',8,'StepStarted',1,'system:engine',1.79547991043834757806e+09,'{"step":4,"key":"01m85f2d2jzf4w0n:4","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',9,'Promoted',1,'system:engine',1.79547991043834757806e+09,'{"rollout":"01m85f2d2jzf4w0n","group":"01m85f2d2knd2ga8","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',10,'StepFinished',1,'system:engine',1.79547991043834757806e+09,'{"step":4,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',6,'Promoted',1,'system:engine',1.79547991043834757806e+09,'{"rollout":"01m85f2d2jzf4w0n","group":"01m85f2d2knd2ga8","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f2d2jzf4w0n',11,'RolloutEnded',1,'system:engine',1.79547991045386219023e+09,'{"rollout":"01m85f2d2jzf4w0n","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('environment:app/prod',7,'RolloutEnded',1,'system:engine',1.79547991045386219023e+09,'{"rollout":"01m85f2d2jzf4w0n","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',1,'RolloutAdmitted',1,'user:tester',1.79547991063905453684e+09,'{"rollout":"01m85f2e77p2093q","application":"app","environment":"prod","release":"1.1","plan":{"steps":[{"name":"run 1 instance of the new release","does":{"group":"canary","size":1,"kind":"provision"},"source":1},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":1},{"name":"send 25% to the new release","does":{"split":{"shares":{"stable":7500,"canary":2500}},"kind":"shift"},"source":1},{"name":"watch at 25% for 2 s","does":{"duration":2.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":1},{"name":"send 50% to the new release","does":{"split":{"shares":{"stable":5000,"canary":5000}},"kind":"shift"},"source":2},{"name":"watch at 50% for 1 s","does":{"duration":1.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":2},{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send 100% to the new release","does":{"split":{"shares":{"stable":0,"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f2e78r0q6ec","stable":"01m85f2d2knd2ga8"},"strategy":"canary","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-94694766a250860ccec44e2aab0f3af361c1ab2face04c3a2beb30a1e2157d04.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate","use":"error-rate","test":"","settings":{},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:5a0c904ca045536339f74c97e13e27270d4c58c86b8a47292ad83d8480e32955","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',8,'RolloutAdmitted',1,'user:tester',1.79547991063905453684e+09,'{"rollout":"01m85f2e77p2093q","application":"app","environment":"prod","release":"1.1","plan":{"steps":[{"name":"run 1 instance of the new release","does":{"group":"canary","size":1,"kind":"provision"},"source":1},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":1},{"name":"send 25% to the new release","does":{"split":{"shares":{"stable":7500,"canary":2500}},"kind":"shift"},"source":1},{"name":"watch at 25% for 2 s","does":{"duration":2.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":1},{"name":"send 50% to the new release","does":{"split":{"shares":{"stable":5000,"canary":5000}},"kind":"shift"},"source":2},{"name":"watch at 50% for 1 s","does":{"duration":1.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":2},{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send 100% to the new release","does":{"split":{"shares":{"stable":0,"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f2e78r0q6ec","stable":"01m85f2d2knd2ga8"},"strategy":"canary","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-94694766a250860ccec44e2aab0f3af361c1ab2face04c3a2beb30a1e2157d04.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate","use":"error-rate","test":"","settings":{},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:5a0c904ca045536339f74c97e13e27270d4c58c86b8a47292ad83d8480e32955","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',2,'StepStarted',1,'system:engine',1.7954799106693811417e+09,'{"step":1,"key":"01m85f2e77p2093q:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',3,'StepFinished',1,'system:engine',1.7954799106693811417e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',9,'GroupWanted',1,'system:engine',1.7954799106693811417e+09,'{"group":"01m85f2e78r0q6ec","size":1}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',4,'StepStarted',1,'system:engine',1.7954799107021632194e+09,'{"step":2,"key":"01m85f2e77p2093q:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',10,'InstanceStarting',1,'system:engine',1.79547991075849771493e+09,'{"group":"01m85f2e78r0q6ec","instance":"01m85f2eb669zjg4"}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',5,'StepFinished',1,'system:engine',1.79547991127592110631e+09,'{"step":2,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',6,'StepStarted',1,'system:engine',1.79547991130152297016e+09,'{"step":3,"key":"01m85f2e77p2093q:3","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',11,'Shifted',1,'system:engine',1.79547991130152297016e+09,'{"rollout":"01m85f2e77p2093q","split":{"shares":{"01m85f2d2knd2ga8":7500,"01m85f2e78r0q6ec":2500}}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',7,'StepFinished',1,'system:engine',1.79547991134916758541e+09,'{"step":3,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',8,'StepStarted',1,'system:engine',1.79547991137514948841e+09,'{"step":4,"key":"01m85f2e77p2093q:4","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',9,'VerdictReached',1,'system:engine',1.79547991141701507571e+09,'{"step":4,"monitor":"error-rate","verdict":"inconclusive","reason":"canary fails 0% (0 of 4), stable 0% (0 of 33): too little evidence yet, clears at stable + 5.2 pp","evidence":{"log_e":-0.024122,"threshold_fail":4.60517,"log_clear":0.119417,"threshold_pass":2.995732,"dispersion":1.0,"margin":0.05,"canary":{"requests":4.0,"bad":0.0},"stable":{"requests":33.0,"bad":0.0},"rollout":{"canary":{"requests":4.0,"bad":0.0},"stable":{"requests":33.0,"bad":0.0}}}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',10,'StepExtended',1,'system:engine',1.79547991342569756506e+09,'{"step":4,"until":20.0,"reason":"error-rate is inconclusive: canary fails 0% (0 of 69), stable 0% (0 of 272): too little evidence yet, clears at stable + 5.2 pp"}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',11,'VerdictReached',1,'system:engine',1.79547991392590785024e+09,'{"step":4,"monitor":"error-rate","verdict":"pass","reason":"canary fails 0% (0 of 84), stable 0% (0 of 331): clear of stable + 5.2 pp","evidence":{"log_e":-0.28059,"threshold_fail":4.60517,"log_clear":3.277801,"threshold_pass":2.995732,"dispersion":1.0,"margin":0.05,"canary":{"requests":84.0,"bad":0.0},"stable":{"requests":331.0,"bad":0.0},"rollout":{"canary":{"requests":84.0,"bad":0.0},"stable":{"requests":331.0,"bad":0.0}}}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',12,'VerdictReached',1,'system:engine',1.79547991395234513281e+09,'{"step":4,"monitor":"error-rate","verdict":"pass","reason":"canary fails 0% (0 of 84), stable 0% (0 of 331): clear of stable + 5.2 pp","evidence":{"log_e":-0.28059,"threshold_fail":4.60517,"log_clear":3.277801,"threshold_pass":2.995732,"dispersion":1.0,"margin":0.05,"canary":{"requests":84.0,"bad":0.0},"stable":{"requests":331.0,"bad":0.0},"rollout":{"canary":{"requests":84.0,"bad":0.0},"stable":{"requests":331.0,"bad":0.0}}}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',13,'StepFinished',1,'system:engine',1.79547991395234513281e+09,'{"step":4,"settled":{"error-rate":"pass"}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',14,'StepStarted',1,'system:engine',1.79547991397194886204e+09,'{"step":5,"key":"01m85f2e77p2093q:5","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',12,'Shifted',1,'system:engine',1.79547991397194886204e+09,'{"rollout":"01m85f2e77p2093q","split":{"shares":{"01m85f2d2knd2ga8":5000,"01m85f2e78r0q6ec":5000}}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',15,'StepFinished',1,'system:engine',1.79547991406091094019e+09,'{"step":5,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',16,'StepStarted',1,'system:engine',1.79547991410052013398e+09,'{"step":6,"key":"01m85f2e77p2093q:6","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',17,'VerdictReached',1,'system:engine',1.79547991518853163723e+09,'{"step":6,"monitor":"error-rate","verdict":"inconclusive","reason":"canary fails 0% (0 of 77), stable 0% (0 of 112): too little evidence yet, clears at stable + 5.2 pp","evidence":{"log_e":-0.394571,"threshold_fail":4.60517,"log_clear":2.881037,"threshold_pass":2.995732,"dispersion":1.0,"margin":0.05,"canary":{"requests":77.0,"bad":0.0},"stable":{"requests":112.0,"bad":0.0},"rollout":{"canary":{"requests":161.0,"bad":0.0},"stable":{"requests":443.0,"bad":0.0}}}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',18,'StepExtended',1,'system:engine',1.79547991520221805576e+09,'{"step":6,"until":10.0,"reason":"error-rate is inconclusive: canary fails 0% (0 of 77), stable 0% (0 of 112): too little evidence yet, clears at stable + 5.2 pp"}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',19,'VerdictReached',1,'system:engine',1.79547991543177914617e+09,'{"step":6,"monitor":"error-rate","verdict":"pass","reason":"canary fails 0% (0 of 99), stable 0% (0 of 127): clear of stable + 5.2 pp","evidence":{"log_e":-0.411387,"threshold_fail":4.60517,"log_clear":3.704905,"threshold_pass":2.995732,"dispersion":1.0,"margin":0.05,"canary":{"requests":99.0,"bad":0.0},"stable":{"requests":127.0,"bad":0.0},"rollout":{"canary":{"requests":183.0,"bad":0.0},"stable":{"requests":458.0,"bad":0.0}}}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',20,'StepFinished',1,'system:engine',1.79547991543177914617e+09,'{"step":6,"settled":{"error-rate":"pass"}}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',21,'StepStarted',1,'system:engine',1.79547991545276737208e+09,'{"step":7,"key":"01m85f2e77p2093q:7","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',22,'StepFinished',1,'system:engine',1.79547991545276737208e+09,'{"step":7,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',13,'GroupWanted',1,'system:engine',1.79547991545276737208e+09,'{"group":"01m85f2e78r0q6ec","size":2}');
INSERT INTO "events" VALUES('rollout:01m85f2e77p2093q',23,'StepStarted',1,'system:engine',1.79547991546854424473e+09,'{"step":8,"key":"01m85f2e77p2093q:8","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',14,'InstanceStarting',1,'system:engine',1.7954799154716684818e+09,'{"group":"01m85f2e78r0q6ec","instance":"01m85f2jyfx6cn3g"}');
CREATE TABLE keyed_values (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_keyed_values PRIMARY KEY ("key")
);
INSERT INTO "keyed_values" VALUES('schema/compatible-from','"0002"');
CREATE TABLE leases (
	lease TEXT NOT NULL, 
	member TEXT NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (lease)
);
CREATE TABLE measurements (
	rollout TEXT NOT NULL, 
	monitor TEXT NOT NULL, 
	window BIGINT NOT NULL, 
	samples TEXT NOT NULL, 
	CONSTRAINT pk_measurements PRIMARY KEY (rollout, monitor, window)
);
INSERT INTO "measurements" VALUES('01m85f2e77p2093q','',1795479900,'[{"t":1795479910.9107387,"d":0.0,"o":0,"a":0},{"t":1795479911.1639576,"d":0.25321870100015076,"o":0,"a":0},{"t":1795479911.416346,"d":0.0,"o":4,"a":0},{"t":1795479911.6622634,"d":0.245917174997885,"o":4,"a":0},{"t":1795479911.9138432,"d":0.2515800590008439,"o":4,"a":0},{"t":1795479912.1665342,"d":0.2526908270010608,"o":4,"a":0},{"t":1795479912.4195478,"d":0.2530137329995341,"o":4,"a":0},{"t":1795479912.6687734,"d":0.24922540199986543,"o":4,"a":0},{"t":1795479912.9203942,"d":0.2516208480010391,"o":4,"a":0},{"t":1795479913.1719477,"d":0.2515535189995717,"o":4,"a":0},{"t":1795479913.4251032,"d":0.2531554579982185,"o":4,"a":0},{"t":1795479913.6767397,"d":0.25163644200074486,"o":4,"a":0},{"t":1795479913.925223,"d":0.2484836110015749,"o":4,"a":0},{"t":1795479914.177418,"d":0.0,"o":6,"a":0},{"t":1795479914.4276168,"d":0.2501986579991353,"o":6,"a":0},{"t":1795479914.6734953,"d":0.24587858300219523,"o":6,"a":0},{"t":1795479914.9296217,"d":0.25612703899969347,"o":6,"a":0}]');
INSERT INTO "measurements" VALUES('01m85f2e77p2093q','error-rate',1795479900,'[{"dispersion":{"interval":0.25,"seconds":0.0,"scales":[{"total":3.0,"pairs":3.0,"filling":{"requests":0.0,"bad":0.0,"intervals":0},"before":null},{"total":1.0,"pairs":1.0,"filling":{"requests":0.0,"bad":0.0,"intervals":0},"before":null}]}},{"c":{"":[0.0,0.0]},"s":{"":[78,0]}},{"c":{"":[0.0,0.0]},"s":{"":[115,0]}},{"step":3,"anew":0,"margin":0.05},{"c":{"":[4,0]},"s":{"":[148,0]}},{"c":{"":[16,0]},"s":{"":[175,0]}},{"c":{"":[21,0]},"s":{"":[208,0]}},{"c":{"":[29,0]},"s":{"":[238,0]}},{"c":{"":[33,0]},"s":{"":[271,0]}},{"c":{"":[41,0]},"s":{"":[301,0]}},{"c":{"":[47,0]},"s":{"":[333,0]}},{"c":{"":[58,0]},"s":{"":[359,0]}},{"c":{"":[69,0]},"s":{"":[387,0]}},{"c":{"":[76,0]},"s":{"":[415,0]}},{"c":{"":[84,0]},"s":{"":[446,0]}},{"step":5,"anew":0,"margin":0.05},{"c":{"":[104,0]},"s":{"":[464,0]}},{"c":{"":[115,0]},"s":{"":[489,0]}},{"c":{"":[130,0]},"s":{"":[513,0]}},{"c":{"":[146,0]},"s":{"":[535,0]}}]');
CREATE TABLE members (
	id TEXT NOT NULL, 
	node TEXT NOT NULL, 
	url TEXT NOT NULL, 
	version TEXT NOT NULL, 
	beat BIGINT NOT NULL, 
	CONSTRAINT pk_members PRIMARY KEY (id)
);
CREATE TABLE releases (
	application TEXT NOT NULL, 
	name TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	digest TEXT NOT NULL, 
	artifact TEXT NOT NULL, 
	source TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_releases PRIMARY KEY (application, name), 
	CONSTRAINT uq_releases_number UNIQUE (application, number)
);
INSERT INTO "releases" VALUES('app','1.0',1,'sha256:f70b702d7416c0aad13a884a665d38093fe90958c8113e9ba6a28f6df82eb8b0','sha256:132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547990934837222096e+09);
INSERT INTO "releases" VALUES('app','1.1',2,'sha256:428dc89dcfd9e82bef0f25154e23ca4e4c64e8fdd7e61dbf066d1f3c438de743','sha256:94694766a250860ccec44e2aab0f3af361c1ab2face04c3a2beb30a1e2157d04','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547991054453039173e+09);
CREATE TABLE remembered (
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	response TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_remembered PRIMARY KEY ("key")
);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 51f3c97af2ad14072122408f14561017','d16905f394ed23f738fae339ad12a73fcb40a936bfd8176387ca9fbbe0e5e323','{"rollout":"01m85f2d2jzf4w0n","outcome":""}',1.79547990947250556952e+09);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 92021381287b78f8e536fc1d78eb468f','9c5b29062a8dfe6800f997bd803ad35e3bc991f4363dccb4193d3b9c4a41581e','{"rollout":"01m85f2e77p2093q","outcome":""}',1.7954799106394953728e+09);
CREATE TABLE streams (
	stream TEXT NOT NULL, 
	head INTEGER NOT NULL, 
	CONSTRAINT pk_streams PRIMARY KEY (stream)
);
INSERT INTO "streams" VALUES('environment:app/prod',14);
INSERT INTO "streams" VALUES('rollout:01m85f2d2jzf4w0n',11);
INSERT INTO "streams" VALUES('rollout:01m85f2e77p2093q',23);
CREATE TABLE summaries (
	stream TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	application TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	weight INTEGER NOT NULL, 
	release TEXT, 
	node TEXT, 
	updated DOUBLE NOT NULL, 
	ended BOOLEAN NOT NULL, 
	facts TEXT NOT NULL, 
	CONSTRAINT pk_summaries PRIMARY KEY (stream)
);
INSERT INTO "summaries" VALUES('environment:app/prod','environment','app','prod','rollout',5000,'1.0','@NODE@',1.7954799154716684818e+09,0,'{"rollout":"01m85f2e77p2093q"}');
INSERT INTO "summaries" VALUES('rollout:01m85f2d2jzf4w0n','rollout','app','prod','promoted',10000,'1.0','@NODE@',1.79547991045386219023e+09,1,'{"strategy":"canary","previous_release":null,"reason":"1.0 is stable","actor":"user:tester","started_at":1795479909.465782,"waiting_for":null,"ended_at":1795479910.4538622,"unwatched":false,"retry_of":null,"why":""}');
INSERT INTO "summaries" VALUES('rollout:01m85f2e77p2093q','rollout','app','prod','running',5000,'1.1','@NODE@',1.79547991546854424473e+09,0,'{"strategy":"canary","previous_release":"1.0","reason":"","actor":"user:tester","started_at":1795479910.6390545,"waiting_for":null,"ended_at":null,"unwatched":false,"retry_of":null,"why":""}');
CREATE INDEX ix_summaries_of_environment ON summaries (kind, application, environment, stream);
CREATE INDEX ix_summaries_ended ON summaries (kind, ended, stream);
CREATE INDEX ix_measurements_window ON measurements (window);
CREATE INDEX ix_remembered_at ON remembered (at);
COMMIT;
