package promise

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Values is the book of what is set again and again: a room's configuration, its lists, its subject. Of each thing it knows the
// last value that was acknowledged, and those that were sent after it: one of them is what must be there after a crash. The zero
// Values is empty. Its methods are safe for any goroutine.
type Values struct {
	mu          sync.Mutex
	things      map[string]*thing
	sent, acked int
	wrong       []string
}

// thing has the value that holds, and those sent after it, in order. Sendings are numbered from 1; the first of the list is
// number `first`.
type thing struct {
	first  int
	values []string
}

// Holds says that a thing has a value, from now on: what is set up before the test begins.
func (v *Values) Holds(name, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.things == nil {
		v.things = map[string]*thing{}
	}
	v.things[name] = &thing{values: []string{value}}
}

// Sent writes down a value that is about to be sent, and returns its number. The thing must have one that holds.
func (v *Values) Sent(name, value string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.things[name]
	v.sent++
	t.values = append(t.values, value)
	return t.first + len(t.values) - 1
}

// Acked notes that the value of a number was acknowledged: no earlier one may hold from now on.
func (v *Values) Acked(name string, number int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.things[name]
	if n := number - t.first; n > 0 && n < len(t.values) {
		t.first, t.values = number, slices.Clone(t.values[n:])
		v.acked += n
	}
}

// AckedAll notes that everything about a thing is acknowledged that was sent so far.
func (v *Values) AckedAll(name string) {
	v.mu.Lock()
	t := v.things[name]
	last := t.first + len(t.values) - 1
	v.mu.Unlock()
	v.Acked(name, last)
}

// Last returns the value that was sent last, or the one that holds if none was.
func (v *Values) Last(name string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.things[name]
	return t.values[len(t.values)-1]
}

// Open returns how many values of a thing were sent after the one that holds.
func (v *Values) Open(name string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.things[name].values) - 1
}

// Found holds what is there after a crash against the book: the value that holds, or one that was sent after it. That one holds
// then. What was sent behind it comes again if the sender repeats it, and else never.
func (v *Values) Found(name, value string, repeats bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.things[name]
	i := slices.Index(t.values, value)
	if i < 0 {
		v.complain("%s is %q; it was acknowledged to be %q, and sent after that were %q", name, value, t.values[0], t.values[1:])
		return
	}
	t.first += i
	t.values = slices.Clone(t.values[i:])
	if !repeats {
		t.values = t.values[:1]
	}
}

// Complain notes what is wrong beside the values.
func (v *Values) Complain(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.complain(format, args...)
}

func (v *Values) complain(format string, args ...any) {
	if len(v.wrong) < 20 {
		v.wrong = append(v.wrong, fmt.Sprintf("%.2000s", fmt.Sprintf(format, args...)))
	}
}

// Err returns what was wrong so far, nil for nothing.
func (v *Values) Err() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.wrong) == 0 {
		return nil
	}
	return errors.New(strings.Join(v.wrong, "\n"))
}

// Count returns how many values were sent, and acknowledged themselves or by a later one.
func (v *Values) Count() (sent, acked int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent, v.acked
}
