BEGIN TRANSACTION;
CREATE TABLE details (id INTEGER PRIMARY KEY, exception TEXT, closed INTEGER, active_ms REAL, yields INTEGER,
                      trace_id TEXT, span_id TEXT, parent_span_id TEXT, correlation_id TEXT, end_in_notes INTEGER);
INSERT INTO "details" VALUES(1099511627780,'{"type":"ValueError","message":"no","line":7,"traceback":"Traceback …"}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, entry TEXT NOT NULL);
INSERT INTO "notes" VALUES(1099511627777,'{"entry_id":6,"call_id":1,"parent_id":null,"depth":1,"level":"DEBUG","function":"shop.main","args":"main","stage":"SUSPEND","timestamp":"2023-12-01 10:30:15.000006","thread":"MainThread","pid":4242}');
CREATE TABLE processes (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, service TEXT, start_ns INTEGER NOT NULL);
INSERT INTO "processes" VALUES(1,4242,NULL,1701426615000001000);
CREATE TABLE sites (process INTEGER, number INTEGER, function TEXT NOT NULL, file TEXT, line INTEGER, policy TEXT,
                    PRIMARY KEY (process, number)) WITHOUT ROWID;
INSERT INTO "sites" VALUES(1,1,'shop.main',NULL,NULL,NULL);
INSERT INTO "sites" VALUES(1,2,'shop.orders.total',NULL,NULL,NULL);
INSERT INTO "sites" VALUES(1,3,'shop.orders.pay',NULL,NULL,NULL);
CREATE TABLE spans (id INTEGER PRIMARY KEY, ended INTEGER, up INTEGER, place INTEGER, args TEXT, start INTEGER,
                    duration INTEGER, result TEXT);
INSERT INTO "spans" VALUES(1099511627777,NULL,NULL,4398046527489,'total(items=[1, 2])',0,NULL,NULL);
INSERT INTO "spans" VALUES(1099511627778,1,1,8796093038594,'total(items=[1, 2])',1000,1000,'3');
INSERT INTO "spans" VALUES(1099511627780,1,3,13194139549698,'pay(n=1)',3000,1000,NULL);
INSERT INTO "spans" VALUES(1099511627783,NULL,6,8796093038594,'total(items=[1, 2])',6000,NULL,NULL);
CREATE TABLE threads (process INTEGER, number INTEGER, name TEXT NOT NULL, task TEXT,
                      PRIMARY KEY (process, number)) WITHOUT ROWID;
INSERT INTO "threads" VALUES(1,1,'MainThread',NULL);
CREATE VIEW calls AS SELECT
    spans.id & 1099511627775 AS call_id, (spans.id & 1099511627775) - spans.up AS parent_id, spans.place & 16383 AS depth, sites.function, spans.args,
    CASE WHEN spans.ended IS NULL THEN 'START' ELSE CASE WHEN details.exception IS NULL THEN 'END' ELSE 'EXCEPTION' END END AS stage,
    strftime('%Y-%m-%d %H:%M:%S', (processes.start_ns + spans.start) / 1000000000, 'unixepoch') || printf('.%06d', (processes.start_ns + spans.start) / 1000 % 1000000) AS start, spans.duration / 1e6 AS duration_ms, spans.result, details.exception,
    threads.name AS thread, processes.pid, threads.task, details.closed, details.active_ms, details.yields, details.trace_id, details.span_id, details.parent_span_id, processes.service, details.correlation_id,
    sites.policy, sites.file, sites.line
FROM spans LEFT JOIN details ON details.id = spans.id
LEFT JOIN processes ON processes.id = spans.id >> 40
LEFT JOIN sites ON sites.process = spans.id >> 40 AND sites.number = CAST(spans.place >> 42 AS INTEGER)
LEFT JOIN threads ON threads.process = spans.id >> 40 AND threads.number = spans.place >> 14 & 268435455;
CREATE VIEW entries AS SELECT
    spans.id & 1099511627775 AS entry_id, spans.id & 1099511627775 AS call_id, (spans.id & 1099511627775) - spans.up AS parent_id, spans.place & 16383 AS depth, 'INFO' AS level,
    sites.function, spans.args, 'START' AS stage, strftime('%Y-%m-%d %H:%M:%S', (processes.start_ns + spans.start) / 1000000000, 'unixepoch') || printf('.%06d', (processes.start_ns + spans.start) / 1000 % 1000000) AS timestamp, threads.name AS thread, processes.pid, threads.task,
    NULL AS result, NULL AS closed, NULL AS exception, NULL AS duration_ms, NULL AS active_ms, NULL AS yields, details.trace_id, details.span_id, details.parent_span_id, processes.service, details.correlation_id,
    sites.policy, sites.file, sites.line
FROM spans LEFT JOIN details ON details.id = spans.id
LEFT JOIN processes ON processes.id = spans.id >> 40
LEFT JOIN sites ON sites.process = spans.id >> 40 AND sites.number = CAST(spans.place >> 42 AS INTEGER)
LEFT JOIN threads ON threads.process = spans.id >> 40 AND threads.number = spans.place >> 14 & 268435455 WHERE spans.args IS NOT NULL AND spans.ended IS NOT 0
UNION ALL SELECT
    (spans.id & 1099511627775) + spans.ended, spans.id & 1099511627775, (spans.id & 1099511627775) - spans.up AS parent_id, spans.place & 16383 AS depth, CASE WHEN details.exception IS NULL THEN 'INFO' ELSE 'ERROR' END,
    sites.function, CASE WHEN details.exception IS NULL THEN substr(sites.function, length(rtrim(sites.function, replace(sites.function, '.', ''))) + 1) ELSE spans.args END, CASE WHEN details.exception IS NULL THEN 'END' ELSE 'EXCEPTION' END,
    strftime('%Y-%m-%d %H:%M:%S', (processes.start_ns + spans.start + coalesce(spans.duration, 0)) / 1000000000, 'unixepoch') || printf('.%06d', (processes.start_ns + spans.start + coalesce(spans.duration, 0)) / 1000 % 1000000), threads.name AS thread, processes.pid, threads.task, spans.result, details.closed, details.exception,
    spans.duration / 1e6, details.active_ms, details.yields, details.trace_id, details.span_id, details.parent_span_id, processes.service, details.correlation_id,
    sites.policy, sites.file, sites.line
FROM spans LEFT JOIN details ON details.id = spans.id
LEFT JOIN processes ON processes.id = spans.id >> 40
LEFT JOIN sites ON sites.process = spans.id >> 40 AND sites.number = CAST(spans.place >> 42 AS INTEGER)
LEFT JOIN threads ON threads.process = spans.id >> 40 AND threads.number = spans.place >> 14 & 268435455 WHERE spans.ended IS NOT NULL AND details.end_in_notes IS NULL
UNION ALL SELECT json_extract(entry, '$.entry_id'), json_extract(entry, '$.call_id'), json_extract(entry, '$.parent_id'), json_extract(entry, '$.depth'), json_extract(entry, '$.level'), json_extract(entry, '$.function'), json_extract(entry, '$.args'), json_extract(entry, '$.stage'), json_extract(entry, '$.timestamp'), json_extract(entry, '$.thread'), json_extract(entry, '$.pid'), json_extract(entry, '$.task'), json_extract(entry, '$.result'), json_extract(entry, '$.closed'), json_extract(entry, '$.exception'), json_extract(entry, '$.duration_ms'), json_extract(entry, '$.active_ms'), json_extract(entry, '$.yields'), json_extract(entry, '$.trace_id'), json_extract(entry, '$.span_id'), json_extract(entry, '$.parent_span_id'), json_extract(entry, '$.service'), json_extract(entry, '$.correlation_id'), json_extract(entry, '$.policy'), json_extract(entry, '$.file'), json_extract(entry, '$.line') FROM notes;
COMMIT;
