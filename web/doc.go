// Package web is Salon's HTTP side. For now it is the local listener that machines look at: /healthz, /readyz and
// Prometheus' /metrics.
//
//	h := web.New(web.Options{Metrics: registry, Ready: []web.Check{{Name: "storage", Run: store.Ping}}, Loopback: true})
//	err := web.Serve(ctx, listener, h, log)
//
// Serve runs the goroutines of net/http, at most MaxConnections connections, and has ended them all when it returns.
package web
