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
INSERT INTO "applications" VALUES('app',1,'{"version":1,"application":"app","environments":{"prod":{"target":{"use":"process","command":"@PYTHON@ server.py {port}","instances":2,"health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"router":{"use":"envoy","listen":"@VISITORS@","drain":"1s"},"strategy":{"use":"canary","steps":[{"weight":"25%","hold":"2s"},{"weight":"50%","hold":"1s"}]}}}}','user:tester',1.79547992936746430396e+09);
INSERT INTO "applications" VALUES('app',2,'{"version":1,"application":"app","environments":{"prod":{"target":{"use":"process","command":"@PYTHON@ server.py {port}","instances":2,"health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"router":{"use":"envoy","listen":"@VISITORS@","drain":"1s"},"strategy":{"use":"all-at-once","hold":"1s"},"monitors":[{"use":"error-rate","max":"1%"}]}}}','user:tester',1.79547993069030523303e+09);
CREATE TABLE epochs (
	environment TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	CONSTRAINT pk_epochs PRIMARY KEY (environment)
);
INSERT INTO "epochs" VALUES('app/prod',1,'@NODE@:400:0e1ef702');
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
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',1,'RolloutAdmitted',1,'user:tester',1.79547992955704879759e+09,'{"rollout":"01m85f30pdppr3jp","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f30peb46d6b"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',1,'RolloutAdmitted',1,'user:tester',1.79547992955704879759e+09,'{"rollout":"01m85f30pdppr3jp","application":"app","environment":"prod","release":"1.0","plan":{"steps":[{"name":"run 2 instances","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null}],"warnings":["this is the first release here: nothing to compare with and nothing to go back to"]},"groups":{"canary":"01m85f30peb46d6b"},"strategy":"canary","previous_release":null,"instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:39523f7acfb6ba7f3c5e09ad44885255dd0dae608933019f848320d85e099669","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',2,'StepStarted',1,'system:engine',1.79547992974840736387e+09,'{"step":1,"key":"01m85f30pdppr3jp:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',3,'StepFinished',1,'system:engine',1.79547992974840736387e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',2,'GroupWanted',1,'system:engine',1.79547992974840736387e+09,'{"group":"01m85f30peb46d6b","size":2}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',4,'StepStarted',1,'system:engine',1.79547992976707744593e+09,'{"step":2,"key":"01m85f30pdppr3jp:2","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',3,'InstanceStarting',1,'system:engine',1.79547992991883897774e+09,'{"group":"01m85f30peb46d6b","instance":"01m85f311ytmymf4"}');
INSERT INTO "events" VALUES('environment:app/prod',4,'InstanceStarting',1,'system:engine',1.79547992994433903697e+09,'{"group":"01m85f30peb46d6b","instance":"01m85f312r8v8hv4"}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',5,'StepFinished',1,'system:engine',1.79547993049695873263e+09,'{"step":2,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',6,'StepStarted',1,'system:engine',1.79547993051320552821e+09,'{"step":3,"key":"01m85f30pdppr3jp:3","record":null}');
INSERT INTO "events" VALUES('environment:app/prod',5,'Shifted',1,'system:engine',1.79547993051320552821e+09,'{"rollout":"01m85f30pdppr3jp","split":{"shares":{"01m85f30peb46d6b":10000}}}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',7,'StepFinished',1,'system:engine',1.7954799305528490543e+09,'{"step":3,"settled":{}}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',8,'StepStarted',1,'system:engine',1.79547993057788324352e+09,'{"step":4,"key":"01m85f30pdppr3jp:4","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',9,'Promoted',1,'system:engine',1.79547993057788324352e+09,'{"rollout":"01m85f30pdppr3jp","group":"01m85f30peb46d6b","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',10,'StepFinished',1,'system:engine',1.79547993057788324352e+09,'{"step":4,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',6,'Promoted',1,'system:engine',1.79547993057788324352e+09,'{"rollout":"01m85f30pdppr3jp","group":"01m85f30peb46d6b","release":"1.0"}');
INSERT INTO "events" VALUES('rollout:01m85f30pdppr3jp',11,'RolloutEnded',1,'system:engine',1.79547993059233570098e+09,'{"rollout":"01m85f30pdppr3jp","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('environment:app/prod',7,'RolloutEnded',1,'system:engine',1.79547993059233570098e+09,'{"rollout":"01m85f30pdppr3jp","phase":"promoted","reason":"1.0 is stable"}');
INSERT INTO "events" VALUES('rollout:01m85f31z9xkvb7n',1,'RolloutAdmitted',1,'user:tester',1.79547993086669945722e+09,'{"rollout":"01m85f31z9xkvb7n","application":"app","environment":"prod","release":"2.0","plan":{"steps":[{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic to the new release","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"watch all traffic for 1 s","does":{"duration":1.0,"monitors":["error-rate/max"],"min_requests":0,"until_evidence":false,"margins":{"error-rate/max":0.0},"kind":"observe"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["error-rate is left out: all traffic moves at once, and stable''s record of 0 requests in 0 s is too short to compare with; it takes 300 in 60 s","stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f31zaxqbcb0","stable":"01m85f30peb46d6b"},"strategy":"all-at-once","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-724458ee045fb47097a808503d701524f039f6e6f11851f152dcf350bf35ab56.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate/max","use":"error-rate","test":"max","settings":{"max":"1%"},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:180fc24932df1d27de6ad8e571a302138063ed3bcaff10e78f9629e9399319ab","node":"@NODE@"}');
INSERT INTO "events" VALUES('environment:app/prod',8,'RolloutAdmitted',1,'user:tester',1.79547993086669945722e+09,'{"rollout":"01m85f31z9xkvb7n","application":"app","environment":"prod","release":"2.0","plan":{"steps":[{"name":"run 2 instances of the new release","does":{"group":"canary","size":2,"kind":"provision"},"source":null},{"name":"wait until healthy","does":{"group":"canary","deadline":8.0,"kind":"verify"},"source":null},{"name":"send all traffic to the new release","does":{"split":{"shares":{"canary":10000}},"kind":"shift"},"source":null},{"name":"watch all traffic for 1 s","does":{"duration":1.0,"monitors":["error-rate/max"],"min_requests":0,"until_evidence":false,"margins":{"error-rate/max":0.0},"kind":"observe"},"source":null},{"name":"make it stable","does":{"group":"canary","kind":"promote"},"source":null},{"name":"retire the old release","does":{"group":"stable","after":1.0,"kind":"retire"},"source":null}],"warnings":["error-rate is left out: all traffic moves at once, and stable''s record of 0 requests in 0 s is too short to compare with; it takes 300 in 60 s","stable has been watched for 0 of 60 s: until then the promise assumes that errors are independent"]},"groups":{"canary":"01m85f31zaxqbcb0","stable":"01m85f30peb46d6b"},"strategy":"all-at-once","previous_release":"1.0","instances":2,"target":"process","target_settings":{"command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}},"artifact":"@FOLDER@/data/artifacts/sha256-724458ee045fb47097a808503d701524f039f6e6f11851f152dcf350bf35ab56.tar","router":"envoy","router_settings":{"listen":"@VISITORS@","drain":"1s"},"monitors":[{"name":"error-rate/max","use":"error-rate","test":"max","settings":{"max":"1%"},"dry_run":false,"extend":10.0,"min_requests":0,"on_no_data":"pause","on_error":"pause","on_inconclusive":"pause"}],"interval":0.25,"unwatched":false,"reason":"","retry_of":null,"plan_digest":"sha256:180fc24932df1d27de6ad8e571a302138063ed3bcaff10e78f9629e9399319ab","node":"@NODE@"}');
INSERT INTO "events" VALUES('rollout:01m85f31z9xkvb7n',2,'StepStarted',1,'system:engine',1.79547993091722083089e+09,'{"step":1,"key":"01m85f31z9xkvb7n:1","record":null}');
INSERT INTO "events" VALUES('rollout:01m85f31z9xkvb7n',3,'StepFinished',1,'system:engine',1.79547993091722083089e+09,'{"step":1,"settled":{}}');
INSERT INTO "events" VALUES('environment:app/prod',9,'GroupWanted',1,'system:engine',1.79547993091722083089e+09,'{"group":"01m85f31zaxqbcb0","size":2}');
INSERT INTO "events" VALUES('rollout:01m85f31z9xkvb7n',4,'StepStarted',1,'system:engine',1.79547993096900868415e+09,'{"step":2,"key":"01m85f31z9xkvb7n:2","record":null}');
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
INSERT INTO "releases" VALUES('app','1.0',1,'sha256:f70b702d7416c0aad13a884a665d38093fe90958c8113e9ba6a28f6df82eb8b0','sha256:132f716afe18c5e1b47f8f9493d57597697f2fcfc719a119001f984b4bfbaa97','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547992944187164311e+09);
INSERT INTO "releases" VALUES('app','2.0',2,'sha256:a93541ec065494e64237973cb4726f24b245ac9aa355c360e979411eeaaaa5d7','sha256:724458ee045fb47097a808503d701524f039f6e6f11851f152dcf350bf35ab56','{}','{"prod":{"use":"process","command":"@PYTHON@ server.py {port}","health":{"path":"/healthz","interval":"100ms","deadline":"8s"}}}','user:tester',1.79547993074174571034e+09);
CREATE TABLE remembered (
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	response TEXT NOT NULL, 
	at DOUBLE NOT NULL, 
	CONSTRAINT pk_remembered PRIMARY KEY ("key")
);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts c2ee24149f057c172eb4834bd5517593','d16905f394ed23f738fae339ad12a73fcb40a936bfd8176387ca9fbbe0e5e323','{"rollout":"01m85f30pdppr3jp","outcome":""}',1.79547992956429886815e+09);
INSERT INTO "remembered" VALUES('POST /api/v1/rollouts 8e5641779d6cec1ccdadbaa866c1c870','498cb0eb3f7db39324cacd07746dfe1b2c25450a3449c3c1a117dc05fd929d4c','{"rollout":"01m85f31z9xkvb7n","outcome":""}',1.7954799308670759201e+09);
CREATE TABLE streams (
	stream TEXT NOT NULL, 
	head INTEGER NOT NULL, 
	CONSTRAINT pk_streams PRIMARY KEY (stream)
);
INSERT INTO "streams" VALUES('environment:app/prod',9);
INSERT INTO "streams" VALUES('rollout:01m85f30pdppr3jp',11);
INSERT INTO "streams" VALUES('rollout:01m85f31z9xkvb7n',4);
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
INSERT INTO "summaries" VALUES('environment:app/prod','environment','app','prod','rollout',10000,'1.0','@NODE@',1.79547993091722083089e+09,0,'{"rollout":"01m85f31z9xkvb7n"}');
INSERT INTO "summaries" VALUES('rollout:01m85f30pdppr3jp','rollout','app','prod','promoted',10000,'1.0','@NODE@',1.79547993059233570098e+09,1,'{"strategy":"canary","previous_release":null,"reason":"1.0 is stable","actor":"user:tester","started_at":1795479929.5570488,"waiting_for":null,"ended_at":1795479930.5923357,"unwatched":false,"retry_of":null,"why":""}');
INSERT INTO "summaries" VALUES('rollout:01m85f31z9xkvb7n','rollout','app','prod','running',0,'2.0','@NODE@',1.79547993096900868415e+09,0,'{"strategy":"all-at-once","previous_release":"1.0","reason":"","actor":"user:tester","started_at":1795479930.8666995,"waiting_for":null,"ended_at":null,"unwatched":false,"retry_of":null,"why":""}');
CREATE INDEX ix_summaries_of_environment ON summaries (kind, application, environment, stream);
CREATE INDEX ix_summaries_ended ON summaries (kind, ended, stream);
CREATE INDEX ix_measurements_window ON measurements (window);
CREATE INDEX ix_remembered_at ON remembered (at);
COMMIT;
