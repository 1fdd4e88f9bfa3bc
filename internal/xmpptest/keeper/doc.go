// Package keeper is a client that loses nothing: it keeps what it sends until the server has acknowledged it (XEP-0198 §4),
// resumes its session on a new connection (§5), and sends what was not acknowledged again, as it was, when that fails. It is
// for tests that cut connections and kill servers.
//
//	c := &keeper.Client{Addr: wire.MustAddr("alice@a.test/a"), Password: "secret", Dial: dial}
//	resumed, err := c.Connect(ctx)
//	c.Send(keeper.Stanza{Key: "1", XML: `<message …/>`})
//	err = c.Serve() // until the connection ends; then Connect again
//
// One goroutine at a time calls Connect and Serve; it is the one that the functions of the client's fields are called on. The
// other methods are safe for any goroutine.
package keeper
