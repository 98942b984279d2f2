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
INSERT INTO "applications" VALUES('app',1,'{"version":1,"application":"app","environments":{"prod":{"target":{"use":"process","command":"@PYTHON@ server.py {port}","instances":2,"health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"router":{"use":"envoy","listen":"@VISITORS@","drain":"1s"},"strategy":{"use":"canary","steps":[{"weight":"25%","hold":"2s"},{"weight":"50%","hold":"1s"}]}}}}','user:tester',1.79547994819939684871e+09);
CREATE TABLE epochs (
	environment TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	CONSTRAINT pk_epochs PRIMARY KEY (environment)
);
INSERT INTO "epochs" VALUES('app/prod',1,'@NODE@:1057:8446212b');
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
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',1,'RolloutAdmitted',1,'user:tester',1.79547994836544156076e+09,'{"rollout":"01m85f3k264t9yb8","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f3k271fvahn"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-be70253ff712d2187982c772229fdadbf7d93550249f2a76e4da29a7c42cd1e2.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',1,'RolloutAdmitted',1,'user:tester',1.79547994836544156076e+09,'{"rollout":"01m85f3k264t9yb8","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f3k271fvahn"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-be70253ff712d2187982c772229fdadbf7d93550249f2a76e4da29a7c42cd1e2.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',2,'StepStarted',1,'system:engine',1.79547994848255062106e+09,'{"step":1,"key":"01m85f3k264t9yb8:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',3,'StepFinished',1,'system:engine',1.79547994848255062106e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',2,'GroupWanted',1,'system:engine',1.79547994848255062106e+09,'{"group":"01m85f3k271fvahn","size":2}');
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',4,'StepStarted',1,'system:engine',1.79547994851859712603e+09,'{"step":2,"key":"01m85f3k264t9yb8:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',3,'InstanceStarting',1,'system:engine',1.79547994863491940497e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3katvkwx2c"}');
INSERT INTO "events" VALUES('environment:app/prod',4,'InstanceStarting',1,'system:engine',1.79547994864506506914e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3kb5yt3f9e"}');
INSERT INTO "events" VALUES('environment:app/prod',5,'InstanceDied',1,'system:engine',1.79547994891748380653e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3katvkwx2c","detail":"exited with code 3 after 0.1 s","output":["1.0 begins","cannot read the price list: no such file"]}');
INSERT INTO "events" VALUES('environment:app/prod',6,'InstanceDied',1,'system:engine',1.79547994892617583271e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3kb5yt3f9e","detail":"exited with code 3 after 0.1 s","output":["1.0 begins","cannot read the price list: no such file"]}');
INSERT INTO "events" VALUES('environment:app/prod',7,'InstanceStopped',1,'system:engine',1.79547994919403195376e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3katvkwx2c"}');
INSERT INTO "events" VALUES('environment:app/prod',8,'InstanceStopped',1,'system:engine',1.79547994920262837413e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3kb5yt3f9e"}');
INSERT INTO "events" VALUES('environment:app/prod',9,'InstanceStarting',1,'system:engine',1.79547994992731928826e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3mk7sp3jm3"}');
INSERT INTO "events" VALUES('environment:app/prod',10,'InstanceStarting',1,'system:engine',1.79547994993418216702e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3mkec7495f"}');
INSERT INTO "events" VALUES('environment:app/prod',11,'InstanceDied',1,'system:engine',1.79547995019655060771e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3mk7sp3jm3","detail":"exited with code 3 after 0.1 s","output":["1.0 begins","cannot read the price list: no such file"]}');
INSERT INTO "events" VALUES('environment:app/prod',12,'InstanceDied',1,'system:engine',1.79547995020116686821e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3mkec7495f","detail":"exited with code 3 after 0.1 s","output":["1.0 begins","cannot read the price list: no such file"]}');
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',5,'RollbackStarted',1,'system:engine',1.79547995020160770416e+09,'{"because":"deaths","reason":"instances of 1.0 died 3 times: exited with code 3 after 0.1 s; its last output:\n  1.0 begins\n  cannot read the price list: no such file"}');
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',6,'WeightLowered',1,'system:engine',1.79547995020658183095e+09,'{"group":"01m85f3k271fvahn","split":{"shares":{}},"reason":"instances of 1.0 died 3 times: exited with code 3 after 0.1 s; its last output:\n  1.0 begins\n  cannot read the price list: no such file"}');
INSERT INTO "events" VALUES('environment:app/prod',13,'WeightLowered',1,'system:engine',1.79547995020658183095e+09,'{"group":"01m85f3k271fvahn","split":{"shares":{}},"reason":"instances of 1.0 died 3 times: exited with code 3 after 0.1 s; its last output:\n  1.0 begins\n  cannot read the price list: no such file"}');
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',7,'GroupRetired',1,'system:engine',1.79547995021168041223e+09,'{"group":"01m85f3k271fvahn","after":0.0,"hard":true}');
INSERT INTO "events" VALUES('environment:app/prod',14,'GroupRetired',1,'system:engine',1.79547995021168041223e+09,'{"group":"01m85f3k271fvahn","after":0.0,"hard":true}');
INSERT INTO "events" VALUES('rollout:01m85f3k264t9yb8',8,'RolloutEnded',1,'system:engine',1.79547995021841812137e+09,'{"rollout":"01m85f3k264t9yb8","phase":"failed","reason":"instances of 1.0 died 3 times: exited with code 3 after 0.1 s; its last output:\n  1.0 begins\n  cannot read the price list: no such file"}');
INSERT INTO "events" VALUES('environment:app/prod',15,'RolloutEnded',1,'system:engine',1.79547995021841812137e+09,'{"rollout":"01m85f3k264t9yb8","phase":"failed","reason":"instances of 1.0 died 3 times: exited with code 3 after 0.1 s; its last output:\n  1.0 begins\n  cannot read the price list: no such file"}');
INSERT INTO "events" VALUES('environment:app/prod',16,'InstanceStopped',1,'system:engine',1.79547995023044753074e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3mk7sp3jm3"}');
INSERT INTO "events" VALUES('environment:app/prod',17,'InstanceStopped',1,'system:engine',1.7954799502431926727e+09,'{"group":"01m85f3k271fvahn","instance":"01m85f3mkec7495f"}');
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
INSERT INTO "releases" VALUES('app','1.0',1,'sha256:03c2517e4655855e3b7833a44e079531ef6aa815a03f030fb2f89eb01e424d09','sha256:be70253ff712d2187982c772229fdadbf7d93550249f2a76e4da29a7c42cd1e2','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547994826973271367e+09);
CREATE TABLE remembered (
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	response TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_remembered PRIMARY KEY ("key")
);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 667db0fa0eefd7d6e6644047eccd7855','d16905f394ed23f738fae339ad12a73fcb40a936bfd8176387ca9fbbe0e5e323','{"rollout":"01m85f3k264t9yb8","outcome":""}',1.79547994837229609485e+09);
CREATE TABLE streams (
	stream TEXT NOT NULL, 
	head INTEGER NOT NULL, 
	CONSTRAINT pk_streams PRIMARY KEY (stream)
);
INSERT INTO "streams" VALUES('environment:app/prod',17);
INSERT INTO "streams" VALUES('rollout:01m85f3k264t9yb8',8);
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
INSERT INTO "summaries" VALUES('environment:app/prod','environment','app','prod','empty',0,NULL,'@NODE@',1.7954799502431926727e+09,0,'{"rollout":null}');
INSERT INTO "summaries" VALUES('rollout:01m85f3k264t9yb8','rollout','app','prod','failed',0,'1.0','@NODE@',1.79547995021841812137e+09,1,'{"strategy":"canary","previous_release":null,"reason":"instances of 1.0 died 3 times: exited with code 3 after 0.1 s; its last output:\n  1.0 begins\n  cannot read the price list: no such file","actor":"user:tester","started_at":1795479948.3654416,"waiting_for":null,"ended_at":1795479950.2184181,"unwatched":false,"retry_of":null,"why":""}');
CREATE INDEX ix_summaries_of_environment ON summaries (kind, application, environment, stream);
CREATE INDEX ix_summaries_ended ON summaries (kind, ended, stream);
CREATE INDEX ix_measurements_window ON measurements (window);
CREATE INDEX ix_remembered_at ON remembered (at);
COMMIT;
