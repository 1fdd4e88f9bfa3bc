package feature

import (
	"net/netip"
	"time"

	"salon.im/salon/wire"
)

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
	return c.known.Len()
}

// Bounds.
const (
	MaxNetworks     = maxNetworks
	MaxExecutions   = maxExecutions
	MaxCopied       = maxCopied
	MaxInfoFeatures = maxInfoFeatures
)

// Hourly is hourly.
type Hourly struct{ h *hourly }

// NewHourly returns one.
func NewHourly() Hourly { return Hourly{newHourly()} }

// Take is take.
func (h Hourly) Take(p netip.Prefix, limit int, now time.Time) bool { return h.h.take(p, limit, now) }

// Executions is executions.
type Executions struct{ x *executions }

// NewExecutions returns none.
func NewExecutions(now func() time.Time) Executions { return Executions{newExecutions(now)} }

// Add begins one of a session.
func (x Executions) Add(full string) (string, error) {
	return x.x.add("node", &call{from: wire.MustAddr(full)})
}

// End ends one.
func (x Executions) End(id string) { x.x.put(id, nil, true) }

// Copied is the part of carbons that remembers.
type Copied struct{ c *carbons }

// NewCopied returns one that remembers nothing.
func NewCopied() Copied { return Copied{&carbons{copied: newCopied()}} }

var (
	copiedFrom = wire.MustAddr("a@example.test/x")
	copiedTo   = wire.MustAddr("b@example.test")
)

// Remember notes a message by its id.
func (c Copied) Remember(id string) {
	c.c.remember(wire.New(wire.KindMessage, "chat", id, copiedFrom, copiedTo))
}

// Knows says whether an error with that id answers a copied message.
func (c Copied) Knows(id string) bool {
	return c.c.answersCopy(wire.New(wire.KindMessage, "error", id, copiedTo, copiedFrom))
}

// Len counts what is remembered.
func (c Copied) Len() int { return c.c.copied.Len() }
