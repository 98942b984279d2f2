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
INSERT INTO "measurements" VALUES('01m85f2d2jzf4w0n','',1795479900,'[{"t":1795479909.600804,"d":0.0,"o":0,"a":0}]');
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
CREATE TABLE remembered (
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	response TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_remembered PRIMARY KEY ("key")
);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 51f3c97af2ad14072122408f14561017','d16905f394ed23f738fae339ad12a73fcb40a936bfd8176387ca9fbbe0e5e323','{"rollout":"01m85f2d2jzf4w0n","outcome":""}',1.79547990947250556952e+09);
CREATE TABLE streams (
	stream TEXT NOT NULL, 
	head INTEGER NOT NULL, 
	CONSTRAINT pk_streams PRIMARY KEY (stream)
);
INSERT INTO "streams" VALUES('environment:app/prod',5);
INSERT INTO "streams" VALUES('rollout:01m85f2d2jzf4w0n',7);
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
INSERT INTO "summaries" VALUES('environment:app/prod','environment','app','prod','rollout',0,NULL,'@NODE@',1.79547991034566092492e+09,0,'{"rollout":"01m85f2d2jzf4w0n"}');
INSERT INTO "summaries" VALUES('rollout:01m85f2d2jzf4w0n','rollout','app','prod','running',10000,'1.0','@NODE@',1.79547991040231776234e+09,0,'{"strategy":"canary","previous_release":null,"reason":"","actor":"user:tester","started_at":1795479909.465782,"waiting_for":null,"ended_at":null,"unwatched":false,"retry_of":null,"why":""}');
CREATE INDEX ix_summaries_of_environment ON summaries (kind, application, environment, stream);
CREATE INDEX ix_summaries_ended ON summaries (kind, ended, stream);
CREATE INDEX ix_measurements_window ON measurements (window);
CREATE INDEX ix_remembered_at ON remembered (at);
COMMIT;
