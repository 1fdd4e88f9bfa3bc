package feature

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// info is what a disco#info result says (XEP-0030 §3.1, XEP-0128).
type info struct {
	identities []identity
	features   []string
	forms      []wire.Form // without those that XEP-0115 §5.4 ignores
}

type identity struct {
	router.Identity
	lang string
}

// payload writes the result for a node, "" for none.
func (i info) payload(node string) wire.Payload {
	w := wire.NewWriter().Start(nsDiscoInfo, "query").AttrIf("node", node)
	for _, id := range i.identities {
		w.Start("", "identity").Attr("category", id.Category).Attr("type", id.Type).AttrIf("name", id.Name).AttrIf("xml:lang", id.lang).End()
	}
	for _, f := range i.features {
		w.Start("", "feature").Attr("var", f).End()
	}
	for _, f := range i.forms {
		fw := wire.NewFormWriter("result", f.FormType)
		for _, x := range f.Fields {
			fw.Field(x.Type, x.Var, x.Label, "", nil, x.Values...)
		}
		w.Raw(fw.Payload())
	}
	return w.Payload()
}

// maxInfoFeatures bounds the features that we take from a client.
const maxInfoFeatures = 1000

var errInfo = errors.New("feature: a disco#info result that XEP-0115 calls ill-formed")

// readInfo reads a result. It refuses what XEP-0115 §5.4 calls ill-formed: identities, features or forms that appear twice.
func readInfo(q wire.Kid) (info, error) {
	var i info
	forms := map[string]bool{}
	for k := range q.Kids() {
		switch {
		case k.Is(nsDiscoInfo, "identity"):
			id := identity{router.Identity{Category: k.Attr("category"), Type: k.Attr("type"), Name: k.Attr("name")}, k.Lang()}
			if slices.Contains(i.identities, id) || len(i.identities) >= maxInfoFeatures {
				return info{}, errInfo
			}
			i.identities = append(i.identities, id)
		case k.Is(nsDiscoInfo, "feature"):
			if len(i.features) >= maxInfoFeatures {
				return info{}, errInfo
			}
			i.features = append(i.features, strings.Clone(k.Attr("var")))
		case k.Is(wire.NSForm, "x"):
			f, err := readInfoForm(k)
			if err != nil || f.FormType != "" && forms[f.FormType] {
				return info{}, errInfo
			}
			if f.FormType != "" {
				forms[f.FormType] = true
				i.forms = append(i.forms, f)
			}
		}
	}
	slices.Sort(i.features)
	if len(slices.Compact(slices.Clone(i.features))) != len(i.features) {
		return info{}, errInfo
	}
	return i, nil
}

// readInfoForm reads a form; one without a hidden FORM_TYPE comes back without a type and is ignored (XEP-0115 §5.4).
func readInfoForm(k wire.Kid) (wire.Form, error) {
	f, err := wire.ReadForm(k)
	if err != nil {
		return f, err
	}
	for _, x := range f.Fields {
		switch {
		case x.Var != "FORM_TYPE":
		case x.Type != "hidden":
			return wire.Form{}, nil
		case len(slices.Compact(slices.Clone(x.Values))) > 1:
			return f, errInfo
		}
	}
	f.Fields = slices.DeleteFunc(f.Fields, func(x wire.Field) bool { return x.Var == "FORM_TYPE" })
	return f, nil
}

// ver returns the verification string of the hash function, "" for a function that we do not have (XEP-0115 §5.1).
func (i info) ver(hash string) string {
	s := []byte(i.verInput())
	var sum []byte
	switch hash {
	case "sha-1":
		h := sha1.Sum(s)
		sum = h[:]
	case "sha-256":
		h := sha256.Sum256(s)
		sum = h[:]
	case "sha-512":
		h := sha512.Sum512(s)
		sum = h[:]
	default:
		return ""
	}
	return base64.StdEncoding.EncodeToString(sum)
}

// verInput is the string S of XEP-0115 §5.1.
func (i info) verInput() string {
	var b strings.Builder
	add := func(s string) { b.WriteString(s); b.WriteByte('<') }
	ids := slices.Clone(i.identities)
	slices.SortFunc(ids, func(x, y identity) int {
		return cmp.Or(cmp.Compare(x.Category, y.Category), cmp.Compare(x.Type, y.Type), cmp.Compare(x.lang, y.lang))
	})
	for _, id := range ids {
		add(id.Category + "/" + id.Type + "/" + id.lang + "/" + id.Name)
	}
	for _, f := range slices.Sorted(slices.Values(i.features)) {
		add(f)
	}
	forms := slices.Clone(i.forms)
	slices.SortFunc(forms, func(x, y wire.Form) int { return cmp.Compare(x.FormType, y.FormType) })
	for _, f := range forms {
		add(f.FormType)
		fields := slices.Clone(f.Fields)
		slices.SortFunc(fields, func(x, y wire.Field) int { return cmp.Compare(x.Var, y.Var) })
		for _, x := range fields {
			add(x.Var)
			for _, v := range slices.Sorted(slices.Values(x.Values)) {
				add(v)
			}
		}
	}
	return b.String()
}
