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
INSERT INTO "applications" VALUES('app',1,'{"version":1,"application":"app","environments":{"prod":{"target":{"use":"process","command":"@PYTHON@ server.py {port}","instances":2,"health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"router":{"use":"envoy","listen":"@VISITORS@","drain":"1s"},"strategy":{"use":"canary","steps":[{"weight":"25%","hold":"2s"},{"weight":"50%","hold":"1s"}]}}}}','user:tester',1.7954799413545124531e+09);
CREATE TABLE epochs (
	environment TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	CONSTRAINT pk_epochs PRIMARY KEY (environment)
);
INSERT INTO "epochs" VALUES('app/prod',1,'@NODE@:901:53392316');
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
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',1,'RolloutAdmitted',1,'user:tester',1.79547994152398014073e+09,'{"rollout":"01m85f3ccbg0nb6b","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f3ccc2jm35x"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',1,'RolloutAdmitted',1,'user:tester',1.79547994152398014073e+09,'{"rollout":"01m85f3ccbg0nb6b","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f3ccc2jm35x"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',2,'StepStarted',1,'system:engine',1.79547994169980931278e+09,'{"step":1,"key":"01m85f3ccbg0nb6b:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',3,'StepFinished',1,'system:engine',1.79547994169980931278e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',2,'GroupWanted',1,'system:engine',1.79547994169980931278e+09,'{"group":"01m85f3ccc2jm35x","size":2}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',4,'StepStarted',1,'system:engine',1.79547994179777407647e+09,'{"step":2,"key":"01m85f3ccbg0nb6b:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',3,'InstanceStarting',1,'system:engine',1.79547994189728760726e+09,'{"group":"01m85f3ccc2jm35x","instance":"01m85f3cr9g54ezm"}');
INSERT INTO "events" VALUES('environment:app/prod',4,'InstanceStarting',1,'system:engine',1.79547994191335392004e+09,'{"group":"01m85f3ccc2jm35x","instance":"01m85f3crszk9qz0"}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',5,'StepFinished',1,'system:engine',1.79547994247886395454e+09,'{"step":2,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',6,'StepStarted',1,'system:engine',1.79547994249136877061e+09,'{"step":3,"key":"01m85f3ccbg0nb6b:3","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',5,'Shifted',1,'system:engine',1.79547994249136877061e+09,'{"rollout":"01m85f3ccbg0nb6b","split":{"shares":{"01m85f3ccc2jm35x":10000}}}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',7,'StepFinished',1,'system:engine',1.7954799425443837643e+09,'{"step":3,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',8,'StepStarted',1,'system:engine',1.79547994259310412408e+09,'{"step":4,"key":"01m85f3ccbg0nb6b:4","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',9,'Promoted',1,'system:engine',1.79547994259310412408e+09,'{"rollout":"01m85f3ccbg0nb6b","group":"01m85f3ccc2jm35x","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',10,'StepFinished',1,'system:engine',1.79547994259310412408e+09,'{"step":4,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',6,'Promoted',1,'system:engine',1.79547994259310412408e+09,'{"rollout":"01m85f3ccbg0nb6b","group":"01m85f3ccc2jm35x","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f3ccbg0nb6b',11,'RolloutEnded',1,'system:engine',1.79547994262325882907e+09,'{"rollout":"01m85f3ccbg0nb6b","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('environment:app/prod',7,'RolloutEnded',1,'system:engine',1.79547994262325882907e+09,'{"rollout":"01m85f3ccbg0nb6b","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',1,'RolloutAdmitted',1,'user:tester',1.79547994289746665956e+09,'{"rollout":"01m85f3dqbnznzpc","application":"app","environment":"prod","release":"1.1","plan":{"steps":[{"name":"run 1 instance of the new release","does":{"group":"canary","size":1,"kind":"provision"},"source":1},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":1},{"name":"send 25% to the new release","does":{"split":{"shares":{"stable":7500,"canary":2500}},"kind":"shift"},"source":1},{"name":"watch at 25% for 2 s","does":{"duration":2.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":1},{"name":"send 50% to the new release","does":{"split":{"shares":{"stable":5000,"canary":5000}},"kind":"shift"},"source":2},{"name":"watch at 50% for 1 s","does":{"duration":1.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":2},{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send 100% to the new release","does":{"split":{"shares":{"stable":0,"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f3dqchc57bs","stable":"01m85f3ccc2jm35x"},"strategy":"canary","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-94694766a250860ccec44e2aab0f3af361c1ab2face04c3a2beb30a1e2157d04.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate","use":"error-rate","test":"","settings":{},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:5a0c904ca045536339f74c97e13e27270d4c58c86b8a47292ad83d8480e32955","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',8,'RolloutAdmitted',1,'user:tester',1.79547994289746665956e+09,'{"rollout":"01m85f3dqbnznzpc","application":"app","environment":"prod","release":"1.1","plan":{"steps":[{"name":"run 1 instance of the new release","does":{"group":"canary","size":1,"kind":"provision"},"source":1},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":1},{"name":"send 25% to the new release","does":{"split":{"shares":{"stable":7500,"canary":2500}},"kind":"shift"},"source":1},{"name":"watch at 25% for 2 s","does":{"duration":2.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":1},{"name":"send 50% to the new release","does":{"split":{"shares":{"stable":5000,"canary":5000}},"kind":"shift"},"source":2},{"name":"watch at 50% for 1 s","does":{"duration":1.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":2},{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send 100% to the new release","does":{"split":{"shares":{"stable":0,"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f3dqchc57bs","stable":"01m85f3ccc2jm35x"},"strategy":"canary","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-94694766a250860ccec44e2aab0f3af361c1ab2face04c3a2beb30a1e2157d04.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate","use":"error-rate","test":"","settings":{},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:5a0c904ca045536339f74c97e13e27270d4c58c86b8a47292ad83d8480e32955","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',2,'StepStarted',1,'system:engine',1.79547994294166874881e+09,'{"step":1,"key":"01m85f3dqbnznzpc:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',3,'StepFinished',1,'system:engine',1.79547994294166874881e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',9,'GroupWanted',1,'system:engine',1.79547994294166874881e+09,'{"group":"01m85f3dqchc57bs","size":1}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',4,'StepStarted',1,'system:engine',1.79547994297380971904e+09,'{"step":2,"key":"01m85f3dqbnznzpc:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',10,'InstanceStarting',1,'system:engine',1.79547994300121259688e+09,'{"group":"01m85f3dqchc57bs","instance":"01m85f3dtsq2cr0w"}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',5,'StepFinished',1,'system:engine',1.79547994354428100587e+09,'{"step":2,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',6,'StepStarted',1,'system:engine',1.79547994355842804913e+09,'{"step":3,"key":"01m85f3dqbnznzpc:3","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',11,'Shifted',1,'system:engine',1.79547994355842804913e+09,'{"rollout":"01m85f3dqbnznzpc","split":{"shares":{"01m85f3ccc2jm35x":7500,"01m85f3dqchc57bs":2500}}}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',7,'StepFinished',1,'system:engine',1.79547994364414048194e+09,'{"step":3,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',8,'StepStarted',1,'system:engine',1.79547994369044041631e+09,'{"step":4,"key":"01m85f3dqbnznzpc:4","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f3dqbnznzpc',9,'EvidenceAwaited',1,'system:engine',1.79547994593512296674e+09,'{"step":4,"reason":"error-rate is no_data: no request reached both canary and stable in this step yet"}');
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
INSERT INTO "measurements" VALUES('01m85f3dqbnznzpc','',1795479930,'[{"t":1795479943.1740532,"d":0.0,"o":0,"a":0},{"t":1795479943.4275374,"d":0.25348427499920945,"o":0,"a":0},{"t":1795479943.6838543,"d":0.2563167460029945,"o":0,"a":0},{"t":1795479943.930913,"d":0.0,"o":4,"a":0},{"t":1795479944.1806004,"d":0.2496873929994763,"o":4,"a":0},{"t":1795479944.4294486,"d":0.248848358001851,"o":4,"a":0},{"t":1795479944.680821,"d":0.2513723199990636,"o":4,"a":0},{"t":1795479944.9332151,"d":0.2523944479980855,"o":4,"a":0},{"t":1795479945.1818352,"d":0.2486199380000471,"o":4,"a":0}]');
INSERT INTO "measurements" VALUES('01m85f3dqbnznzpc','error-rate',1795479930,'[{"dispersion":{"interval":0.25,"seconds":0.0,"scales":[{"total":3.0,"pairs":3.0,"filling":{"requests":0.0,"bad":0.0,"intervals":0},"before":null},{"total":1.0,"pairs":1.0,"filling":{"requests":0.0,"bad":0.0,"intervals":0},"before":null}]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"step":3,"anew":0,"margin":0.05},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}},{"c":{"":[0.0,0.0]},"s":{"":[0.0,0.0]}}]');
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
INSERT INTO "releases" VALUES('app','1.0',1,'sha256:f70b702d7416c0aad13a884a665d38093fe90958c8113e9ba6a28f6df82eb8b0','sha256:132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547994141694021224e+09);
INSERT INTO "releases" VALUES('app','1.1',2,'sha256:428dc89dcfd9e82bef0f25154e23ca4e4c64e8fdd7e61dbf066d1f3c438de743','sha256:94694766a250860ccec44e2aab0f3af361c1ab2face04c3a2beb30a1e2157d04','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547994280781674381e+09);
CREATE TABLE remembered (
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	response TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_remembered PRIMARY KEY ("key")
);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts da7c7353a4d35501490fbc082eb10a55','d16905f394ed23f738fae339ad12a73fcb40a936bfd8176387ca9fbbe0e5e323','{"rollout":"01m85f3ccbg0nb6b","outcome":""}',1.79547994153091526031e+09);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 1b4f1dfb2e12ae83ce34ddd260a8f121','9c5b29062a8dfe6800f997bd803ad35e3bc991f4363dccb4193d3b9c4a41581e','{"rollout":"01m85f3dqbnznzpc","outcome":""}',1.79547994289780950541e+09);
CREATE TABLE streams (
	stream TEXT NOT NULL, 
	head INTEGER NOT NULL, 
	CONSTRAINT pk_streams PRIMARY KEY (stream)
);
INSERT INTO "streams" VALUES('environment:app/prod',11);
INSERT INTO "streams" VALUES('rollout:01m85f3ccbg0nb6b',11);
INSERT INTO "streams" VALUES('rollout:01m85f3dqbnznzpc',9);
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
INSERT INTO "summaries" VALUES('environment:app/prod','environment','app','prod','rollout',7500,'1.0','@NODE@',1.79547994355842804913e+09,0,'{"rollout":"01m85f3dqbnznzpc"}');
INSERT INTO "summaries" VALUES('rollout:01m85f3ccbg0nb6b','rollout','app','prod','promoted',10000,'1.0','@NODE@',1.79547994262325882907e+09,1,'{"strategy":"canary","previous_release":null,"reason":"1.0 is stable","actor":"user:tester","started_at":1795479941.5239801,"waiting_for":null,"ended_at":1795479942.6232588,"unwatched":false,"retry_of":null,"why":""}');
INSERT INTO "summaries" VALUES('rollout:01m85f3dqbnznzpc','rollout','app','prod','paused',2500,'1.1','@NODE@',1.79547994593512296674e+09,0,'{"strategy":"canary","previous_release":"1.0","reason":"error-rate is no_data: no request reached both canary and stable in this step yet","actor":"user:tester","started_at":1795479942.8974667,"waiting_for":"evidence","ended_at":null,"unwatched":false,"retry_of":null,"why":""}');
CREATE INDEX ix_summaries_of_environment ON summaries (kind, application, environment, stream);
CREATE INDEX ix_summaries_ended ON summaries (kind, ended, stream);
CREATE INDEX ix_measurements_window ON measurements (window);
CREATE INDEX ix_remembered_at ON remembered (at);
COMMIT;
