package server

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"salon.im/salon/archive"
)

// measure registers every figure that /metrics shows. Each reads a counter that its package keeps anyway.
func (s *Server) measure() {
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	counter := func(name, help string, labels prometheus.Labels, get func() int64) {
		s.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "salon_" + name, Help: help, ConstLabels: labels},
			func() float64 { return float64(get()) }))
	}
	gauge := func(name, help string, get func() float64) {
		s.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "salon_" + name, Help: help}, get))
	}
	gauge("sessions", "Bound client sessions, those waiting for resumption included.", func() float64 { return float64(s.router.Sessions()) })

	kind := func(k string) prometheus.Labels { return prometheus.Labels{"kind": k} }
	r := &s.router.Stats
	const stanzas = "Stanzas routed, by kind."
	counter("stanzas_total", stanzas, kind("message"), r.Messages.Load)
	counter("stanzas_total", stanzas, kind("presence"), r.Presences.Load)
	counter("stanzas_total", stanzas, kind("iq"), r.IQs.Load)
	byReason := func(name, help string) func(string, *atomic.Int64) {
		return func(reason string, n *atomic.Int64) { counter(name, help, prometheus.Labels{"reason": reason}, n.Load) }
	}
	r.Bounced.Each(byReason("stanzas_bounced_total", "Stanzas answered with an error, by its condition."))
	r.Dropped.Each(byReason("stanzas_dropped_total", "Stanzas that went to nobody in silence, as the standards have it, by the reason."))

	counter("panics_total", "Mistakes of the server's own, each of which ended one stanza, hook or connection.", nil, func() int64 {
		n := r.Panics.Load() + s.c2s.Stats.Panics.Load() + s.flusher.Stats.Panics.Load() + int64(s.writer.Stats().Panics)
		for _, m := range s.rooms {
			n += m.Stats.Panics.Load()
		}
		return n
	})

	f := &s.flusher.Stats
	counter("writes_total", "Writes to client sockets.", nil, f.Writes.Load)
	counter("deliveries_total", "Stanzas written to clients.", nil, f.Stanzas.Load)
	counter("written_bytes_total", "Bytes written to clients, before TLS.", nil, f.Bytes.Load)
	counter("stalls_total", "Writes that a client's full socket did not take at once.", nil, f.Stalls.Load)

	c := &s.c2s.Stats
	counter("connections_total", "Client connections accepted.", nil, c.Connections.Load)
	counter("logins_total", "Successful logins.", nil, c.Logins.Load)
	c.AuthFailures.Each(byReason("login_failures_total", "Failed logins, by the SASL condition."))
	counter("tls_failures_total", "Failed TLS handshakes.", nil, c.TLSFailures.Load)
	counter("resumes_total", "Sessions resumed (XEP-0198).", nil, c.Resumes.Load)
	counter("resume_failures_total", "Resumptions refused.", nil, c.ResumeFailures.Load)
	counter("overflows_total", "Sessions cut because they did not read.", nil, c.Overflows.Load)
	gauge("negotiating", "Connections that are not logged in yet.", func() float64 { return float64(c.Negotiating.Load()) })
	counter("certificates_issued_total", "Certificates that an authority issued.", nil, s.certs.Counts.Issued.Load)
	counter("certificate_failures_total", "Tries that got no certificate from an authority.", nil, s.certs.Counts.Failed.Load)
	s.metrics.MustRegister(certificates{s})
	s.measureArchive(counter, gauge)
}

func (s *Server) measureArchive(counter func(string, string, prometheus.Labels, func() int64), gauge func(string, string, func() float64)) {
	w := s.writer
	gauge("archive_held_rows", "Rows that are queued or under way.", func() float64 { return float64(w.Stats().Held) })
	gauge("archive_held_bytes", "Bytes of those rows.", func() float64 { return float64(w.Stats().Bytes) })
	counter("archive_batches_total", "Transactions committed.", nil, func() int64 { return int64(w.Stats().Batches) })
	counter("archive_rows_total", "Rows committed.", nil, func() int64 { return int64(w.Stats().Rows) })
	counter("archive_resends_total", "Rows left out because the archive held them already.", nil, func() int64 { return int64(w.Stats().Dropped) })
	counter("archive_failures_total", "Commits that failed.", nil, func() int64 { return int64(w.Stats().Failures) })
	counter("archive_refused_total", "Messages refused because the queue was full or the store away.", nil,
		func() int64 { st := w.Stats(); return int64(st.Full + st.Refused) })
	k := s.keeper
	counter("archive_expired_rows_total", "Rows deleted because they were older than their owner's archive keeps.", nil,
		func() int64 { return int64(k.Stats().Rows) })
	counter("archive_dropped_partitions_total", "Partitions dropped because nobody keeps what is in them.", nil,
		func() int64 { return int64(k.Stats().Partitions) })
	counter("archive_keeper_failures_total", "Looks for old messages that did not come to their end.", nil,
		func() int64 { return int64(k.Stats().Failures) })
	gauge("archive_keeper_last_run_timestamp_seconds", "When a look for old messages last went well; 0 is never.", func() float64 {
		if last := k.Stats().Last; !last.IsZero() {
			return float64(last.Unix())
		}
		return 0
	})
	x := s.indexer
	counter("archive_indexed_rows_total", "Rows that the full-text index has looked at.", nil, func() int64 { return int64(x.Stats().Rows) })
	counter("archive_index_failures_total", "Failures to add new rows to the full-text index.", nil,
		func() int64 { return int64(x.Stats().Failures) })
	s.metrics.MustRegister(latency{s})
}

// latency shows how long rows wait for their commit.
type latency struct{ s *Server }

var latencyDesc = prometheus.NewDesc("salon_archive_commit_seconds", "Time from the queue to the commit.", nil, nil)

// Describe implements prometheus.Collector.
func (latency) Describe(ch chan<- *prometheus.Desc) { ch <- latencyDesc }

// Collect implements prometheus.Collector.
func (l latency) Collect(ch chan<- prometheus.Metric) {
	h := l.s.writer.Stats().Latency
	buckets, total := map[float64]uint64{}, uint64(0)
	for i, bound := range archive.LatencyBounds {
		total += h.Counts[i]
		buckets[bound.Seconds()] = total
	}
	total += h.Counts[len(archive.LatencyBounds)]
	ch <- prometheus.MustNewConstHistogram(latencyDesc, total, h.Sum.Seconds(), buckets)
}
