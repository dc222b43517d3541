"""The OTLP writer: entries as spans, sent by OpenTelemetry's own exporter."""
