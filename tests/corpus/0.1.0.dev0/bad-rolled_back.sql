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
INSERT INTO "applications" VALUES('app',1,'{"version":1,"application":"app","environments":{"prod":{"target":{"use":"process","command":"@PYTHON@ server.py {port}","instances":2,"health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"router":{"use":"envoy","listen":"@VISITORS@","drain":"1s"},"strategy":{"use":"canary","steps":[{"weight":"25%","hold":"2s"},{"weight":"50%","hold":"1s"}]}}}}','user:tester',1.79547991844962811472e+09);
CREATE TABLE epochs (
	environment TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	CONSTRAINT pk_epochs PRIMARY KEY (environment)
);
INSERT INTO "epochs" VALUES('app/prod',1,'@NODE@:32671:50705b1b');
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
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',1,'RolloutAdmitted',1,'user:tester',1795479918.63096,'{"rollout":"01m85f2p1071g2wr","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f2p119hj3jr"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',1,'RolloutAdmitted',1,'user:tester',1795479918.63096,'{"rollout":"01m85f2p1071g2wr","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f2p119hj3jr"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',2,'StepStarted',1,'system:engine',1.79547991875349831586e+09,'{"step":1,"key":"01m85f2p1071g2wr:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',3,'StepFinished',1,'system:engine',1.79547991875349831586e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',2,'GroupWanted',1,'system:engine',1.79547991875349831586e+09,'{"group":"01m85f2p119hj3jr","size":2}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',4,'StepStarted',1,'system:engine',1.79547991877040886881e+09,'{"step":2,"key":"01m85f2p1071g2wr:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',3,'InstanceStarting',1,'system:engine',1.79547991893453049664e+09,'{"group":"01m85f2p119hj3jr","instance":"01m85f2papm2v7z2"}');
INSERT INTO "events" VALUES('environment:app/prod',4,'InstanceStarting',1,'system:engine',1.79547991895310974121e+09,'{"group":"01m85f2p119hj3jr","instance":"01m85f2pb9nztzcp"}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',5,'StepFinished',1,'system:engine',1.79547991946819066998e+09,'{"step":2,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',6,'StepStarted',1,'system:engine',1.79547991947471451763e+09,'{"step":3,"key":"01m85f2p1071g2wr:3","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',5,'Shifted',1,'system:engine',1.79547991947471451763e+09,'{"rollout":"01m85f2p1071g2wr","split":{"shares":{"01m85f2p119hj3jr":10000}}}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',7,'StepFinished',1,'system:engine',1.79547991954923677449e+09,'{"step":3,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',8,'StepStarted',1,'system:engine',1.79547991959567046168e+09,'{"step":4,"key":"01m85f2p1071g2wr:4","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',9,'Promoted',1,'system:engine',1.79547991959567046168e+09,'{"rollout":"01m85f2p1071g2wr","group":"01m85f2p119hj3jr","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',10,'StepFinished',1,'system:engine',1.79547991959567046168e+09,'{"step":4,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',6,'Promoted',1,'system:engine',1.79547991959567046168e+09,'{"rollout":"01m85f2p1071g2wr","group":"01m85f2p119hj3jr","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f2p1071g2wr',11,'RolloutEnded',1,'system:engine',1.795479919612865448e+09,'{"rollout":"01m85f2p1071g2wr","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('environment:app/prod',7,'RolloutEnded',1,'system:engine',1.795479919612865448e+09,'{"rollout":"01m85f2p1071g2wr","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',1,'RolloutAdmitted',1,'user:tester',1.79547991991555881503e+09,'{"rollout":"01m85f2q8zv1cz0c","application":"app","environment":"prod","release":"1.1","plan":{"steps":[{"name":"run 1 instance of the new release","does":{"group":"canary","size":1,"kind":"provision"},"source":1},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":1},{"name":"send 25% to the new release","does":{"split":{"shares":{"stable":7500,"canary":2500}},"kind":"shift"},"source":1},{"name":"watch at 25% for 2 s","does":{"duration":2.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":1},{"name":"send 50% to the new release","does":{"split":{"shares":{"stable":5000,"canary":5000}},"kind":"shift"},"source":2},{"name":"watch at 50% for 1 s","does":{"duration":1.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":2},{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send 100% to the new release","does":{"split":{"shares":{"stable":0,"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f2q90340a13","stable":"01m85f2p119hj3jr"},"strategy":"canary","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-cca6e8a385cdb681bce2d258b8ad1d3102bc0acac4ee4a517ee57f6128e734c7.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate","use":"error-rate","test":"","settings":{},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:5a0c904ca045536339f74c97e13e27270d4c58c86b8a47292ad83d8480e32955","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',8,'RolloutAdmitted',1,'user:tester',1.79547991991555881503e+09,'{"rollout":"01m85f2q8zv1cz0c","application":"app","environment":"prod","release":"1.1","plan":{"steps":[{"name":"run 1 instance of the new release","does":{"group":"canary","size":1,"kind":"provision"},"source":1},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":1},{"name":"send 25% to the new release","does":{"split":{"shares":{"stable":7500,"canary":2500}},"kind":"shift"},"source":1},{"name":"watch at 25% for 2 s","does":{"duration":2.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":1},{"name":"send 50% to the new release","does":{"split":{"shares":{"stable":5000,"canary":5000}},"kind":"shift"},"source":2},{"name":"watch at 50% for 1 s","does":{"duration":1.0,"monitors":["error-rate"],"min_requests":0,"until_evidence":false,"margins":{"error-rate":0.05},"kind":"observe"},"source":2},{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send 100% to the new release","does":{"split":{"shares":{"stable":0,"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f2q90340a13","stable":"01m85f2p119hj3jr"},"strategy":"canary","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-cca6e8a385cdb681bce2d258b8ad1d3102bc0acac4ee4a517ee57f6128e734c7.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate","use":"error-rate","test":"","settings":{},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:5a0c904ca045536339f74c97e13e27270d4c58c86b8a47292ad83d8480e32955","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',2,'StepStarted',1,'system:engine',1.7954799199640722275e+09,'{"step":1,"key":"01m85f2q8zv1cz0c:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',3,'StepFinished',1,'system:engine',1.7954799199640722275e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',9,'GroupWanted',1,'system:engine',1.7954799199640722275e+09,'{"group":"01m85f2q90340a13","size":1}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',4,'StepStarted',1,'system:engine',1.79547992002527236933e+09,'{"step":2,"key":"01m85f2q8zv1cz0c:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',10,'InstanceStarting',1,'system:engine',1.79547992005946373946e+09,'{"group":"01m85f2q90340a13","instance":"01m85f2qdv0ct5k5"}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',5,'StepFinished',1,'system:engine',1.79547992057867693898e+09,'{"step":2,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',6,'StepStarted',1,'system:engine',1795479920.5926,'{"step":3,"key":"01m85f2q8zv1cz0c:3","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',11,'Shifted',1,'system:engine',1795479920.5926,'{"rollout":"01m85f2q8zv1cz0c","split":{"shares":{"01m85f2p119hj3jr":7500,"01m85f2q90340a13":2500}}}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',7,'StepFinished',1,'system:engine',1.79547992066495966908e+09,'{"step":3,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',8,'VerdictReached',1,'system:engine',1.79547992076851439476e+09,'{"step":4,"monitor":"error-rate","verdict":"inconclusive","reason":"canary fails 100% (4 of 4), stable 0% (0 of 35): too little evidence yet, clears at stable + 5.2 pp","evidence":{"log_e":1.323348,"threshold_fail":4.60517,"log_clear":-1.550465,"threshold_pass":2.995732,"dispersion":1.0,"margin":0.05,"canary":{"requests":4.0,"bad":4.0},"stable":{"requests":35.0,"bad":0.0},"rollout":{"canary":{"requests":4.0,"bad":4.0},"stable":{"requests":35.0,"bad":0.0}}}}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',9,'StepStarted',1,'system:engine',1.79547992078455209731e+09,'{"step":4,"key":"01m85f2q8zv1cz0c:4","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',10,'VerdictReached',1,'system:engine',1.79547992144908571238e+09,'{"step":4,"monitor":"error-rate","verdict":"fail","reason":"canary fails 100% (34 of 34), stable 0% (0 of 117): 0.2 pp allowed","evidence":{"log_e":5.501823,"threshold_fail":4.60517,"log_clear":-2.302234,"threshold_pass":2.995732,"dispersion":1.0,"margin":0.05,"canary":{"requests":34.0,"bad":34.0},"stable":{"requests":117.0,"bad":0.0},"rollout":{"canary":{"requests":34.0,"bad":34.0},"stable":{"requests":117.0,"bad":0.0}}}}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',11,'RollbackStarted',1,'system:engine',1.79547992144908571238e+09,'{"because":"verdict","reason":"error-rate: canary fails 100% (34 of 34), stable 0% (0 of 117): 0.2 pp allowed"}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',12,'WeightLowered',1,'system:engine',1.79547992146433114998e+09,'{"group":"01m85f2q90340a13","split":{"shares":{"01m85f2p119hj3jr":10000,"01m85f2q90340a13":0}},"reason":"error-rate: canary fails 100% (34 of 34), stable 0% (0 of 117): 0.2 pp allowed"}');
INSERT INTO "events" VALUES('environment:app/prod',12,'WeightLowered',1,'system:engine',1.79547992146433114998e+09,'{"group":"01m85f2q90340a13","split":{"shares":{"01m85f2p119hj3jr":10000,"01m85f2q90340a13":0}},"reason":"error-rate: canary fails 100% (34 of 34), stable 0% (0 of 117): 0.2 pp allowed"}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',13,'ConnectionsClosed',1,'system:engine',1.79547992197476458551e+09,'{"group":"01m85f2q90340a13"}');
INSERT INTO "events" VALUES('environment:app/prod',13,'ConnectionsClosed',1,'system:engine',1.79547992197476458551e+09,'{"group":"01m85f2q90340a13"}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',14,'GroupRetired',1,'system:engine',1.7954799219808380604e+09,'{"group":"01m85f2q90340a13","after":0.0,"hard":true}');
INSERT INTO "events" VALUES('environment:app/prod',14,'GroupRetired',1,'system:engine',1.7954799219808380604e+09,'{"group":"01m85f2q90340a13","after":0.0,"hard":true}');
INSERT INTO "events" VALUES('rollout:01m85f2q8zv1cz0c',15,'RolloutEnded',1,'system:engine',1.7954799219904446602e+09,'{"rollout":"01m85f2q8zv1cz0c","phase":"rolled_back","reason":"error-rate: canary fails 100% (34 of 34), stable 0% (0 of 117): 0.2 pp allowed"}');
INSERT INTO "events" VALUES('environment:app/prod',15,'RolloutEnded',1,'system:engine',1.7954799219904446602e+09,'{"rollout":"01m85f2q8zv1cz0c","phase":"rolled_back","reason":"error-rate: canary fails 100% (34 of 34), stable 0% (0 of 117): 0.2 pp allowed"}');
INSERT INTO "events" VALUES('environment:app/prod',16,'InstanceStopping',1,'system:engine',1.79547992199729466436e+09,'{"group":"01m85f2q90340a13","instance":"01m85f2qdv0ct5k5"}');
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
INSERT INTO "releases" VALUES('app','1.0',1,'sha256:f70b702d7416c0aad13a884a665d38093fe90958c8113e9ba6a28f6df82eb8b0','sha256:132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547991853388857847e+09);
INSERT INTO "releases" VALUES('app','1.1',2,'sha256:ec02212f54978984393c0126ed6d54458a9af8fcd35b743b3bb10587af058f63','sha256:cca6e8a385cdb681bce2d258b8ad1d3102bc0acac4ee4a517ee57f6128e734c7','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547991981213474277e+09);
CREATE TABLE remembered (
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	response TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_remembered PRIMARY KEY ("key")
);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 46b52f876668102f7a61fb12e0ccaafe','d16905f394ed23f738fae339ad12a73fcb40a936bfd8176387ca9fbbe0e5e323','{"rollout":"01m85f2p1071g2wr","outcome":""}',1.79547991863728094103e+09);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 14c10b462a19d9f5219d376906bd36bb','9c5b29062a8dfe6800f997bd803ad35e3bc991f4363dccb4193d3b9c4a41581e','{"rollout":"01m85f2q8zv1cz0c","outcome":""}',1.79547991991595029832e+09);
CREATE TABLE streams (
	stream TEXT NOT NULL, 
	head INTEGER NOT NULL, 
	CONSTRAINT pk_streams PRIMARY KEY (stream)
);
INSERT INTO "streams" VALUES('environment:app/prod',16);
INSERT INTO "streams" VALUES('rollout:01m85f2p1071g2wr',11);
INSERT INTO "streams" VALUES('rollout:01m85f2q8zv1cz0c',15);
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
INSERT INTO "summaries" VALUES('environment:app/prod','environment','app','prod','steady',10000,'1.0','@NODE@',1.79547992199729466436e+09,0,'{"rollout":null}');
INSERT INTO "summaries" VALUES('rollout:01m85f2p1071g2wr','rollout','app','prod','promoted',10000,'1.0','@NODE@',1.795479919612865448e+09,1,'{"strategy":"canary","previous_release":null,"reason":"1.0 is stable","actor":"user:tester","started_at":1795479918.63096,"waiting_for":null,"ended_at":1795479919.6128654,"unwatched":false,"retry_of":null,"why":""}');
INSERT INTO "summaries" VALUES('rollout:01m85f2q8zv1cz0c','rollout','app','prod','rolled_back',0,'1.1','@NODE@',1.7954799219904446602e+09,1,'{"strategy":"canary","previous_release":"1.0","reason":"error-rate: canary fails 100% (34 of 34), stable 0% (0 of 117): 0.2 pp allowed","actor":"user:tester","started_at":1795479919.9155588,"waiting_for":null,"ended_at":1795479921.9904447,"unwatched":false,"retry_of":null,"why":""}');
CREATE INDEX ix_summaries_of_environment ON summaries (kind, application, environment, stream);
CREATE INDEX ix_summaries_ended ON summaries (kind, ended, stream);
CREATE INDEX ix_measurements_window ON measurements (window);
CREATE INDEX ix_remembered_at ON remembered (at);
COMMIT;
