package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Validate checks every key by itself, and if that went well the keys against each other. It changes nothing.
//
// Every error in what it returns is an [*Error]. [Load] has validated what it returns.
func (c *Config) Validate() error {
	errs := c.checkEach()
	if len(errs) == 0 {
		errs = c.checkTogether()
	}
	return join(errs)
}

// checker collects problems by key.
type checker struct{ errs []*Error }

// add notes a problem, unless there is none.
func (c *checker) add(key, problem string) {
	if problem != "" {
		c.errs = append(c.errs, &Error{Key: key, Problem: problem})
	}
}

// checkEach returns what is wrong with each key by itself.
func (c *Config) checkEach() []*Error {
	var check checker
	check.tags(reflect.ValueOf(c).Elem(), "")
	if c.Data == "" {
		check.add("data", "want a directory")
	}
	check.hosts(c.Hosts)
	check.listen(&c.Listen)
	check.storage(string(c.Storage.URL))
	for i, f := range c.TLS.Files {
		key := fmt.Sprintf("tls.files[%d]", i)
		check.path(key+".certificate", f.Certificate)
		check.path(key+".key", f.Key)
	}
	if c.TLS.ACME.CA == "" {
		check.add("tls.acme.ca", "want "+NoCA+" for no automatic certificates")
	}
	check.authority("tls.acme", c.TLS.ACME.CA, c.TLS.ACME.Email)
	check.admins("admins", c.Admins)
	check.contact("contact", &c.Contact)
	check.held("archive.hold", c.Archive.Hold)
	check.networks(c.Limits.ConnectionsExempt)
	if lobby := c.Rooms.PublicLobby; lobby != "" {
		check.normal("rooms.public_lobby", lobby, parseLocal)
	}
	return check.errs
}

// tags checks text, ranges and words of a section as the struct's tags say. Lists of sections are checked by name.
func (c *checker) tags(section reflect.Value, prefix string) {
	walkValue(section, prefix, func(key string, f field, v reflect.Value) {
		if v.Kind() == reflect.String {
			c.text(key, v.String())
		}
		if list, ok := v.Interface().([]string); ok {
			for i, s := range list {
				c.text(fmt.Sprintf("%s[%d]", key, i), s)
			}
		}
		c.add(key, checkRange(f, v))
		if index, problem := checkWords(f, v); index >= 0 {
			c.add(fmt.Sprintf("%s[%d]", key, index), problem)
		} else {
			c.add(key, problem)
		}
	})
}

// path checks the path of a file that must be named.
func (c *checker) path(key, s string) {
	if s == "" {
		c.add(key, "want the path of a PEM file")
	}
	c.text(key, s)
}

func (c *checker) text(key, s string) {
	if err := checkText(s); err != nil {
		c.add(key, err.Error())
	}
}

// checkTogether compares keys, each of which is right by itself. Keys of a pair reload alike, see [Reload].
func (c *Config) checkTogether() []*Error {
	var errs []*Error
	atLeast := func(key, other string) {
		a, b := c.number(key), c.number(other)
		if a.Int() < b.Int() {
			errs = append(errs, &Error{Key: key, other: other,
				Problem: fmt.Sprintf("%s is less than %s (%s)", show(a), other, show(b))})
		}
	}
	atLeast("auth.max_delay", "auth.delay")
	atLeast("archive.queue_rows", "archive.batch_rows")
	atLeast("limits.stanza", "limits.stanza_before_login")
	atLeast("limits.depth", "limits.depth_before_login")
	// One stanza of the greatest size must fit, or it would never pass.
	atLeast("limits.bytes_burst", "limits.stanza")
	atLeast("limits.outbox_bytes", "limits.stanza")
	atLeast("limits.stanza", "limits.vcard_bytes")
	atLeast("stream.resume_bytes", "limits.stanza")
	atLeast("rooms.history_max", "rooms.history_stanzas")
	return append(errs, c.checkAuthorities()...)
}

// number returns the value of a key that is a number, a size or a duration.
func (c *Config) number(key string) reflect.Value {
	v := reflect.ValueOf(c).Elem()
	for name := range strings.SplitSeq(key, ".") {
		for _, f := range fieldsOf(v.Type()) {
			if f.name == name {
				v = v.Field(f.index)
				break
			}
		}
	}
	return v
}
