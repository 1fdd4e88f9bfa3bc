package feature

import "salon.im/salon/wire"

// Ver returns the verification string of a disco#info query element (XEP-0115 §5.1).
func Ver(query wire.Kid, hash string) (string, error) {
	i, err := readInfo(query)
	return i.ver(hash), err
}

// MaxCaps is the bound of a Capabilities.
const MaxCaps = maxCaps

// Known returns how many verification strings are remembered.
func (c *Capabilities) Known() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}
