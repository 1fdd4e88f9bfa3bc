package archive

import (
	"time"

	"salon.im/salon/wire"
)

// The fields of a query (XEP-0313 §4.1, XEP-0431 §3.1).
const (
	fieldWith      = "with"
	fieldStart     = "start"
	fieldEnd       = "end"
	fieldBeforeID  = "before-id"
	fieldAfterID   = "after-id"
	fieldIDs       = "ids"
	fieldGroupchat = "include-groupchat"
	fieldFulltext  = "{" + NSFulltext + "}fulltext"

	nsValidate = "http://jabber.org/protocol/xdata-validate" // XEP-0122 (1.0.2)
)

// FormPayload is the answer to a <query/> of type "get": the fields that a query may have (XEP-0313 §4.1.5).
func FormPayload(f Fields) wire.Payload {
	w := wire.NewWriter().Start(NSMAM, "query").Start(wire.NSForm, "x").Attr("type", "form")
	field := func(name, typ string) *wire.Writer {
		return w.Start("", "field").Attr("type", typ).Attr("var", name)
	}
	field("FORM_TYPE", "hidden").Elem("", "value", NSMAM).End()
	field(fieldWith, "jid-single").End()
	for _, name := range []string{fieldStart, fieldEnd, fieldBeforeID, fieldAfterID} {
		field(name, "text-single").End()
	}
	field(fieldIDs, "list-multi").Start(nsValidate, "validate").Attr("datatype", "xs:string").Elem("", "open", "").End().End()
	if f.Groupchat {
		field(fieldGroupchat, "boolean").End()
	}
	if f.Fulltext {
		field(fieldFulltext, "text-single").End()
	}
	return w.Payload()
}

// readForm reads the form of a query. A field without a value is left open.
func (q *Request) readForm(x wire.Kid, f Fields) error {
	form, err := wire.ReadForm(x)
	if err != nil || form.Type != "submit" || form.FormType != NSMAM {
		return badRequest("The form is not a query's.")
	}
	for _, field := range form.Fields {
		if err := q.readField(field, f); err != nil {
			return err
		}
	}
	if len(q.ids) > 0 && len(q.words) > 0 {
		return badRequest("Messages are asked for by their ids or by their words.")
	}
	return nil
}

func (q *Request) readField(field wire.Field, f Fields) (err error) {
	switch field.Var {
	case "FORM_TYPE":
		return nil
	case fieldIDs:
		return q.readIDs(field.Values)
	case fieldWith, fieldStart, fieldEnd, fieldBeforeID, fieldAfterID:
	case fieldGroupchat:
		if !f.Groupchat {
			return errUnknownField
		}
	case fieldFulltext:
		if !f.Fulltext {
			return errUnknownField
		}
	default:
		return errUnknownField // §4.1.5
	}
	switch len(field.Values) {
	case 0:
		return nil
	case 1:
		return q.readValue(field.Var, field.Values[0])
	}
	return badRequest("The field " + field.Var + " has several values.")
}

func (q *Request) readValue(name, v string) (err error) {
	switch name {
	case fieldWith:
		if q.With, err = wire.ParseAddr(v); err != nil {
			return badRequest("The field with is no address.")
		}
	case fieldStart, fieldEnd:
		t, err := time.Parse(time.RFC3339, v) // XEP-0082 §3.2
		if err != nil {
			return badRequest("The field " + name + " is no time.")
		}
		if name == fieldStart {
			q.start = startBound(t)
		} else {
			q.end = endBound(t)
		}
	case fieldBeforeID:
		q.beforeID, err = q.readID(v)
	case fieldAfterID:
		q.afterID, err = q.readID(v)
	case fieldGroupchat:
		switch v {
		case "0", "1", "true", "false": // XEP-0004 §3.3; there is no groupchat in a user's archive
		default:
			return badRequest("The field " + name + " is no boolean.")
		}
	case fieldFulltext:
		if v != "" { // XEP-0431 §2.2; of what is no word the store finds nothing
			q.words = []string{v}
		}
	}
	return err
}

func (q *Request) readIDs(values []string) error {
	if len(values) > maxIDs {
		return badRequest("The field ids has too many values.")
	}
	for _, v := range values {
		id, err := q.readID(v)
		if err != nil {
			return err
		}
		q.ids = append(q.ids, id)
	}
	return nil
}
