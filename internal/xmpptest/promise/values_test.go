package promise_test

import (
	"strings"
	"testing"

	"salon.im/salon/internal/xmpptest/promise"
)

// A book of values sees what is older than the last acknowledged, and what nobody set; and lets pass what a crash may leave.
func TestValues(t *testing.T) {
	for i, c := range []struct {
		acked       []int // after "b", "c" and "d" were sent over "a"
		found, want string
	}{
		0: {nil, "a", ""}, // nothing was acknowledged
		1: {nil, "d", ""},
		2: {[]int{1}, "b", ""},
		3: {[]int{1}, "d", ""}, // sent after it
		4: {[]int{1}, "a", `the lamp is "a"; it was acknowledged to be "b"`},
		5: {[]int{1, 3}, "c", `acknowledged to be "d"`},
		6: {[]int{3, 1}, "b", `acknowledged to be "d"`}, // an answer that comes late takes nothing back
		7: {nil, "e", `the lamp is "e"`},
	} {
		var v promise.Values
		v.Holds("the lamp", "a")
		for _, s := range []string{"b", "c", "d"} {
			v.Sent("the lamp", s)
		}
		for _, n := range c.acked {
			v.Acked("the lamp", n)
		}
		v.Found("the lamp", c.found, false)
		if err := v.Err(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d: %v, want %q", i, err, c.want)
		}
	}
}

// What was found holds from then on; what was sent behind it counts if it is repeated, and else not.
func TestValuesAfterACrash(t *testing.T) {
	for _, repeats := range []bool{false, true} {
		var v promise.Values
		v.Holds("the lamp", "a")
		v.Sent("the lamp", "b")
		v.Sent("the lamp", "c")
		v.Found("the lamp", "b", repeats)
		v.Found("the lamp", "c", repeats)
		if failed := v.Err() != nil; failed == repeats {
			t.Errorf("repeats %t: %v", repeats, v.Err())
		}
		v.Found("the lamp", "a", repeats)
		if err := v.Err(); err == nil || !strings.Contains(err.Error(), `the lamp is "a"`) {
			t.Errorf("repeats %t: %v", repeats, err)
		}
	}
}

// Numbers go on over what was found, so that answers find their values.
func TestValuesNumbers(t *testing.T) {
	var v promise.Values
	v.Holds("the lamp", "a")
	v.Sent("the lamp", "b")
	v.Found("the lamp", "a", false)
	if n := v.Sent("the lamp", "c"); n != 1 {
		t.Errorf("number %d after a loss: the lost one's is free", n)
	}
	v.Acked("the lamp", 1)
	if n := v.Sent("the lamp", "d"); n != 2 || v.Open("the lamp") != 1 {
		t.Errorf("number %d, %d open", n, v.Open("the lamp"))
	}
	if sent, acked := v.Count(); sent != 3 || acked != 1 || v.Last("the lamp") != "d" {
		t.Errorf("%d sent, %d acknowledged, the last one %q", sent, acked, v.Last("the lamp"))
	}
	if v.AckedAll("the lamp"); v.Open("the lamp") != 0 || v.Last("the lamp") != "d" {
		t.Errorf("%d open after all were acknowledged", v.Open("the lamp"))
	}
}
