package wire

import (
	"errors"
	"fmt"
)

// NSForm is the namespace of data forms. XEP-0004 (2.13).
const NSForm = "jabber:x:data"

// NSValidate is the namespace of what a field may hold. XEP-0122 (1.0.2).
const NSValidate = "http://jabber.org/protocol/xdata-validate"

// Bounds of a form that we read.
const (
	maxFormFields = 256
	maxFormValues = 1000
)

// ErrForm is wrapped by every error about a form; the answer is bad-request.
var ErrForm = errors.New("wire: not a data form")

// Form is a data form as read (XEP-0004 §3).
type Form struct {
	Type     string // "form", "submit", "cancel" or "result"; "submit" where absent
	FormType string // the value of FORM_TYPE (XEP-0068), or ""
	Title    string
	Fields   []Field // in order; FORM_TYPE is among them
}

// Field is one field of a form.
type Field struct {
	Var, Type, Label string
	Values           []string
}

// ReadForm reads the form that k is. It refuses duplicate vars, over 256 fields and over 1,000 values.
// The error wraps [ErrForm].
func ReadForm(k Kid) (Form, error) {
	if !k.Is(NSForm, "x") {
		return Form{}, fmt.Errorf("%w: the element is %v", ErrForm, k.Name())
	}
	f := Form{Type: k.Attr("type")}
	switch f.Type {
	case "":
		f.Type = "submit"
	case "form", "submit", "cancel", "result":
	default:
		return Form{}, fmt.Errorf("%w: type %q", ErrForm, f.Type)
	}
	values, seen := 0, map[string]bool{}
	for c := range k.Kids() {
		if c.Is(NSForm, "title") {
			f.Title = c.Text()
		}
		if !c.Is(NSForm, "field") {
			continue
		}
		field := Field{Var: c.Attr("var"), Type: c.Attr("type"), Label: c.Attr("label")}
		if field.Var == "" && field.Type != "fixed" {
			return Form{}, fmt.Errorf("%w: a field without var", ErrForm)
		}
		if field.Var != "" && seen[field.Var] {
			return Form{}, fmt.Errorf("%w: two fields %q", ErrForm, field.Var)
		}
		seen[field.Var] = true
		if len(f.Fields) >= maxFormFields {
			return Form{}, fmt.Errorf("%w: over %d fields", ErrForm, maxFormFields)
		}
		for v := range c.Kids() {
			if !v.Is(NSForm, "value") {
				continue
			}
			if values++; values > maxFormValues {
				return Form{}, fmt.Errorf("%w: over %d values", ErrForm, maxFormValues)
			}
			field.Values = append(field.Values, v.Text())
		}
		if field.Var == "FORM_TYPE" && len(field.Values) > 0 {
			f.FormType = field.Values[0]
		}
		f.Fields = append(f.Fields, field)
	}
	return f, nil
}

func (f Form) field(name string) (Field, bool) {
	for _, x := range f.Fields {
		if x.Var == name && name != "" {
			return x, true
		}
	}
	return Field{}, false
}

// Has reports whether there is a field of that var, be it without values.
func (f Form) Has(name string) bool {
	_, ok := f.field(name)
	return ok
}

// Value returns the first value of a field, or "".
func (f Form) Value(name string) string {
	if x, ok := f.field(name); ok && len(x.Values) > 0 {
		return x.Values[0]
	}
	return ""
}

// Values returns all values of a field.
func (f Form) Values(name string) []string {
	x, _ := f.field(name)
	return x.Values
}

// Bool returns a boolean field; ok is false where it is absent or no boolean (XEP-0004 §3.3: 0, 1, false, true).
func (f Form) Bool(name string) (value, ok bool) {
	switch f.Value(name) {
	case "1", "true":
		return true, true
	case "0", "false":
		return false, true
	}
	return false, false
}
