package xmpptest

// Enable turns on resumption (XEP-0198 §3). Nothing may be under way to the client.
func (c *Client) Enable() {
	c.s.T.Helper()
	if err := c.enable(); err != nil {
		c.s.T.Fatal(err)
	}
}

// Reconnect cuts the connection without a word and resumes the session (XEP-0198 §5) on another. What the client had written
// and the server not read is lost.
func (c *Client) Reconnect() error {
	c.Cut()
	return c.resume()
}
