package feature_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"salon.im/salon/feature"
)

// The networks that registration remembers are bounded: new ones are refused until old ones are forgotten.
func TestHourlyBound(t *testing.T) {
	h, now := feature.NewHourly(), time.Now()
	prefix := func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
	}
	for i := range feature.MaxNetworks {
		if !h.Take(prefix(i), 1, now) {
			t.Fatalf("%d is refused", i)
		}
	}
	if h.Take(prefix(feature.MaxNetworks), 1, now) {
		t.Error("one over the bound is taken")
	}
	if !h.Take(prefix(feature.MaxNetworks), 1, now.Add(time.Hour)) {
		t.Error("one is refused when the others are forgotten")
	}
}

// The executions of ad-hoc commands are bounded; those that have ended make room.
func TestExecutionsBound(t *testing.T) {
	x := feature.NewExecutions(time.Now)
	var ids []string
	for i := range feature.MaxExecutions {
		id, err := x.Add(fmt.Sprintf("user%d@example.test/a", i))
		if err != nil {
			t.Fatal(i, err)
		}
		ids = append(ids, id)
	}
	if _, err := x.Add("late@example.test/a"); err == nil {
		t.Error("one over the bound is begun")
	}
	x.End(ids[0])
	if _, err := x.Add("late@example.test/a"); err != nil {
		t.Error("an ended one makes no room:", err)
	}
}

// The copied messages that an error may answer are bounded, and the oldest go first.
func TestCarbonsBound(t *testing.T) {
	c := feature.NewCopied()
	for i := range feature.MaxCopied + 1 {
		c.Remember(fmt.Sprint("m", i))
	}
	if c.Knows("m0") || !c.Knows("m1") || !c.Knows(fmt.Sprint("m", feature.MaxCopied)) || c.Len() != feature.MaxCopied {
		t.Errorf("%d are remembered", c.Len())
	}
}

// A client's disco#info result is bounded.
func TestInfoBound(t *testing.T) {
	for _, n := range []int{feature.MaxInfoFeatures, feature.MaxInfoFeatures + 1} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<feature var='f%d'/>", i)
		}
		if _, err := feature.Ver(query(t, b.String()), "sha-1"); (err != nil) != (n > feature.MaxInfoFeatures) {
			t.Errorf("%d features: %v", n, err)
		}
	}
}
