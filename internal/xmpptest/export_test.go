package xmpptest

// Match holds one element against one pattern, with what was captured before; "" means that it fits.
func Match(captured map[string]string, pattern, got string) (string, error) {
	p, err := parsePattern(pattern)
	if err != nil {
		return "", err
	}
	g, err := parsePattern(got)
	if err != nil {
		return "", err
	}
	return vars(captured).match(p[0], g[0]), nil
}
