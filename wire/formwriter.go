package wire

import "strconv"

// FormWriter builds a data form (XEP-0004 §3). Fields appear in the order of the calls.
//
//	p := wire.NewFormWriter("form", "http://jabber.org/protocol/muc#roomconfig").
//		Title("Lobby").
//		TextSingle("muc#roomconfig_roomname", "Name", "Lobby").
//		Boolean("muc#roomconfig_publicroom", "Public", true).
//		Payload()
type FormWriter struct {
	w        *Writer
	formType string // waits for the first field: title and instructions stand before all fields
}

// Option is one choice of a list.
type Option struct{ Label, Value string }

// NewFormWriter begins a form of a type ("form", "result", "submit", "cancel"); formType is the FORM_TYPE, or "" for none.
func NewFormWriter(typ, formType string) *FormWriter {
	f := &FormWriter{w: NewWriter(), formType: formType}
	f.w.Start(NSForm, "x").Attr("type", typ)
	return f
}

// begin writes FORM_TYPE in front of the first field (XEP-0068 §3).
func (f *FormWriter) begin() {
	if name := f.formType; name != "" {
		f.formType = ""
		f.Hidden("FORM_TYPE", name)
	}
}

// Title adds the title. Title and instructions come before the first field.
func (f *FormWriter) Title(s string) *FormWriter { f.w.Elem("", "title", s); return f }

// Instructions adds instructions for people.
func (f *FormWriter) Instructions(s string) *FormWriter { f.w.Elem("", "instructions", s); return f }

// Field adds a field of any type. desc, options and values may be empty.
func (f *FormWriter) Field(typ, name, label, desc string, options []Option, values ...string) *FormWriter {
	f.begin()
	f.w.Start("", "field").AttrIf("var", name).AttrIf("type", typ).AttrIf("label", label)
	if desc != "" {
		f.w.Elem("", "desc", desc)
	}
	for _, v := range values {
		f.w.Elem("", "value", v)
	}
	for _, o := range options {
		f.w.Start("", "option").AttrIf("label", o.Label).Elem("", "value", o.Value).End()
	}
	f.w.End()
	return f
}

// Hidden adds a field that people do not see.
func (f *FormWriter) Hidden(name, value string) *FormWriter {
	return f.Field("hidden", name, "", "", nil, value)
}

// Fixed adds text between fields.
func (f *FormWriter) Fixed(text string) *FormWriter { return f.Field("fixed", "", "", "", nil, text) }

// Required adds an empty field that must be filled in (XEP-0004 §3.2).
func (f *FormWriter) Required(typ, name, label string) *FormWriter {
	f.begin()
	f.w.Start("", "field").Attr("var", name).Attr("type", typ).AttrIf("label", label).Elem("", "required", "").End()
	return f
}

// TextSingle adds a line of text.
func (f *FormWriter) TextSingle(name, label, value string) *FormWriter {
	return f.Field("text-single", name, label, "", nil, some(value)...)
}

// Integer adds a line for a number from min to max, which says so to clients that check it (XEP-0122 §3.2.2).
func (f *FormWriter) Integer(name, label string, value, min, max int) *FormWriter {
	f.begin()
	f.w.Start("", "field").AttrIf("var", name).Attr("type", "text-single").AttrIf("label", label)
	f.w.Start(NSValidate, "validate").Attr("datatype", "xs:integer")
	f.w.Start("", "range").Attr("min", strconv.Itoa(min)).Attr("max", strconv.Itoa(max)).End().End()
	f.w.Elem("", "value", strconv.Itoa(value)).End()
	return f
}

// TextPrivate adds a line that is not shown, such as a password.
func (f *FormWriter) TextPrivate(name, label, value string) *FormWriter {
	return f.Field("text-private", name, label, "", nil, some(value)...)
}

// TextMulti adds lines of text, one value each.
func (f *FormWriter) TextMulti(name, label string, lines ...string) *FormWriter {
	return f.Field("text-multi", name, label, "", nil, lines...)
}

// Boolean adds a field of 1 or 0.
func (f *FormWriter) Boolean(name, label string, value bool) *FormWriter {
	v := "0"
	if value {
		v = "1"
	}
	return f.Field("boolean", name, label, "", nil, v)
}

// ListSingle adds a choice of one.
func (f *FormWriter) ListSingle(name, label, value string, options ...Option) *FormWriter {
	return f.Field("list-single", name, label, "", options, some(value)...)
}

// ListMulti adds a choice of several.
func (f *FormWriter) ListMulti(name, label string, values []string, options ...Option) *FormWriter {
	return f.Field("list-multi", name, label, "", options, values...)
}

// JIDMulti adds a list of addresses.
func (f *FormWriter) JIDMulti(name, label string, values ...Addr) *FormWriter {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.String()
	}
	return f.Field("jid-multi", name, label, "", nil, all...)
}

// Payload ends the form. A form that is only a result needs no types, yet clients cope with them (XEP-0004 §3.1).
func (f *FormWriter) Payload() Payload {
	f.begin()
	return f.w.Payload()
}

func some(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}
