package xmpptest

import (
	"fmt"
	"slices"
	"strings"
)

// Transport is how the clients of a test's server reach it.
type Transport uint8

// The transports of client streams. Over Clear the server asks for no TLS (tls.require: false).
const (
	STARTTLS  Transport = iota // RFC 6120 §5
	DirectTLS                  // XEP-0368
	Clear
)

var transportNames = []string{"starttls", "direct", "clear"}

// Transports returns all of them.
func Transports() []Transport { return []Transport{STARTTLS, DirectTLS, Clear} }

func (o Transport) String() string { return transportNames[o] }

// parseTransports reads the names of a script's line `over:`, separated by commas.
func parseTransports(list string) (out []Transport, err error) {
	for _, name := range strings.Split(list, ", ") {
		i := slices.Index(transportNames, name)
		if i < 0 {
			return nil, fmt.Errorf("unknown transport %q; there are %s", name, strings.Join(transportNames, ", "))
		}
		out = append(out, Transport(i))
	}
	return out, nil
}
