package muc

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// fieldPrefixes are what the fields' short names leave out: that of XEP-0045 §15.5.3, and ours.
var fieldPrefixes = []string{"muc#roomconfig_", "{https://salon.im/muc}"}

// Field is a field of a room's configuration form.
type Field struct {
	// Name is its var, or the Key of its Setting.
	Name string `json:"name"`
	// Values are what it has or shall have. The operator may write several of a list into one, separated by commas.
	Values []string `json:"values"`
}

// Setting is a field as the form shows it. A secret, such as the room's password, has no values.
type Setting struct {
	Field
	Key   string `json:"key"`  // the name in short
	Type  string `json:"type"` // of XEP-0004 §3.3
	Label string `json:"label,omitempty"`
	// Options are the values that the form offers; some fields take others too.
	Options []string `json:"options,omitempty"`
	// Range is what a number may be, both inclusive; nil for anything else.
	Range *Range `json:"range,omitempty"`
}

// Range is from Min to Max, inclusive.
type Range struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// holds reports whether all values are numbers within the range; a nil one holds anything.
func (g *Range) holds(values []string) bool {
	return g == nil || !slices.ContainsFunc(values, func(v string) bool {
		n, err := strconv.Atoi(strings.TrimSpace(v))
		return err != nil || n < g.Min || n > g.Max
	})
}

const secretType = "text-private"

// Configure submits the owner's form with these fields, the others as they are (XEP-0045 §10.2): all of them or none, stored
// and told to everyone inside. A room that is locked is opened by it. It refuses to let an empty room end: that is Destroy's.
func (s *Service) Configure(ctx context.Context, addr wire.Addr, fields []Field) error {
	return s.operateExisting(ctx, addr, func(r *room) error { return r.submit(fields) })
}

func (r *room) submit(fields []Field) error {
	known := r.settingsShown(false)
	w := wire.NewFormWriter("submit", nsRoomConfig)
	var used []Setting
	for _, f := range fields {
		i := slices.IndexFunc(known, func(s Setting) bool { return s.Name == f.Name || s.Key == f.Name })
		if i < 0 {
			return refusal(stanza.Modify, stanza.BadRequest, "There is no field "+f.Name+": the fields are "+names(known)+".")
		}
		used = append(used, known[i])
		values := f.Values
		if !known[i].Range.holds(values) { // the form would clamp some, and pass over others (XEP-0500 §8): here somebody waits for the outcome
			return explained(badField(known[i].Key), used)
		}
		if t := known[i].Type; t == "list-multi" || t == "jid-multi" {
			values = splitValues(values)
		}
		w.Field("", known[i].Name, "", "", nil, values...)
	}
	form, err := wire.ReadForm(element(w.Payload()))
	if err != nil {
		return refusal(stanza.Modify, stanza.BadRequest, "A field is named twice, or has too many values.")
	}
	if on, given := form.Bool(fieldPersistent); given && !on && len(r.all) == 0 {
		return errWouldEnd
	}
	if secret := form.Value(fieldSecret); secret != "" && len(r.set.Password) == 0 && !form.Has(fieldProtected) {
		return refusal(stanza.Modify, stanza.NotAcceptable, "The room asks for no password: set "+short(fieldProtected)+" too.")
	}
	return explained(r.configure(r.s.addr, form), used)
}

// explained adds to a refusal what the fields with choices take.
func explained(err error, used []Setting) error {
	var e stanza.Error
	if !errors.As(err, &e) || e.Type != stanza.Modify {
		return err
	}
	text := e.Text["en"]
	for _, s := range used {
		switch {
		case s.Type == "boolean":
			text += " " + s.Key + " takes 1 or 0."
		case s.Range != nil:
			text += " " + s.Key + " takes a number from " + strconv.Itoa(s.Range.Min) + " to " + strconv.Itoa(s.Range.Max) + "."
		case len(s.Options) > 0:
			text += " " + s.Key + " takes " + strings.Join(s.Options, ", ")
			if s.Name == fieldKeep || s.Name == fieldRaid {
				text += ", or another duration, such as 45m, 36h or 2w" // which a form has no place for
			}
			text += "."
		}
	}
	return refusal(e.Type, e.Condition, text)
}

// settingsShown reads the form that an owner would get, with the values or without. Those of secrets are always left out.
func (r *room) settingsShown(values bool) []Setting {
	var out []Setting
	for k := range element(r.configForm()).Kids() {
		if !k.Is(wire.NSForm, "field") || k.Attr("type") == "hidden" || k.Attr("type") == "fixed" {
			continue
		}
		s := Setting{Field: Field{Name: strings.Clone(k.Attr("var")), Values: []string{}}, Type: strings.Clone(k.Attr("type")), Label: strings.Clone(k.Attr("label"))}
		s.Key = short(s.Name)
		for c := range k.Kids() {
			switch {
			case c.Is(wire.NSForm, "value") && values && s.Type != secretType:
				s.Values = append(s.Values, strings.Clone(c.Text()))
			case c.Is(wire.NSForm, "option"):
				v, _ := c.Kid("", "value")
				s.Options = append(s.Options, strings.Clone(v.Text()))
			case c.Is(wire.NSValidate, "validate"):
				s.Range = rangeOf(c)
			}
		}
		out = append(out, s)
	}
	return out
}

// rangeOf reads what a field is validated by (XEP-0122 §3.2.2).
func rangeOf(validate wire.Kid) *Range {
	k, ok := validate.Kid("", "range")
	if !ok {
		return nil
	}
	min, err1 := strconv.Atoi(k.Attr("min"))
	max, err2 := strconv.Atoi(k.Attr("max"))
	if err1 != nil || err2 != nil {
		return nil
	}
	return &Range{min, max}
}

func short(name string) string {
	for _, p := range fieldPrefixes {
		name = strings.TrimPrefix(name, p)
	}
	return name
}

func names(settings []Setting) string {
	var out []string
	for _, s := range settings {
		out = append(out, s.Key)
	}
	return strings.Join(out, ", ")
}

// splitValues takes values apart at commas; an empty one is none.
func splitValues(values []string) (out []string) {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}
