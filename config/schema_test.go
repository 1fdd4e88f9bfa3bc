package config_test

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"salon.im/salon/config"
)

// key is a setting that is no section: its dotted name and the tags of its field.
type key struct {
	name  string
	field reflect.StructField
}

// keys lists the settings. inLists lists those inside of lists of sections, as list.key.
func keys() []key { return keysOf(reflect.TypeFor[config.Config](), "", false) }

func inLists() []key { return keysOf(reflect.TypeFor[config.Config](), "", true) }

func keysOf(t reflect.Type, prefix string, lists bool) (out []key) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		name = prefix + name
		switch elem := f.Type; {
		case elem.Kind() == reflect.Struct:
			out = append(out, keysOf(elem, name+".", lists)...)
		case elem.Kind() == reflect.Slice && elem.Elem().Kind() == reflect.Struct && lists:
			out = append(out, keysOf(elem.Elem(), name+".", false)...)
		case !lists:
			out = append(out, key{name, f})
		}
	}
	return out
}

func TestEveryKeySaysWhetherItReloads(t *testing.T) {
	for _, k := range append(keys(), inLists()...) {
		if k.field.Type.Kind() == reflect.Pointer {
			continue // a section, whose keys say it
		}
		if r := k.field.Tag.Get("reload"); r != "true" && r != "false" {
			t.Errorf("%s: tag reload is %q", k.name, r)
		}
	}
}

func TestEveryNumberHasARange(t *testing.T) {
	for _, k := range keys() {
		kind := k.field.Type.Kind()
		number := kind == reflect.Int || kind == reflect.Int64
		if tag := k.field.Tag; number != (tag.Get("min") != "" && tag.Get("max") != "") {
			t.Errorf("%s: min %q, max %q", k.name, tag.Get("min"), tag.Get("max"))
		}
	}
}

// TestRanges sets each number to its bounds, which must pass, and beyond them.
func TestRanges(t *testing.T) {
	for _, k := range keys() {
		low, high := k.field.Tag.Get("min"), k.field.Tag.Get("max")
		if low == "" {
			continue
		}
		problem := func(delta int64, bound string) string {
			cfg := config.Default()
			setNumber(t, cfg, k, bound, delta)
			for _, line := range strings.Split(fmt.Sprint(cfg.Validate()), "\n") {
				if strings.HasPrefix(line, k.name+": ") && strings.Contains(line, "out of range ("+low+" to "+high) {
					return line
				}
			}
			return ""
		}
		if p := problem(0, low) + problem(0, high); p != "" {
			t.Errorf("the bound is refused: %s", p)
		}
		if problem(1, high) == "" {
			t.Errorf("%s: one more than %s passes", k.name, high)
		}
		below := problem(-1, low)
		if zero := k.field.Tag.Get("zero") != "" && low == "1"; (below == "") != zero {
			t.Errorf("%s: one less than %s: %q", k.name, low, below)
		}
	}
}

// setNumber sets a key to the bound that its tag has, plus delta.
func setNumber(t *testing.T, cfg *config.Config, k key, bound string, delta int64) {
	t.Helper()
	v := fieldOf(cfg, k.name)
	var parsed struct {
		Value yaml.Node `yaml:"value"`
	}
	if err := yaml.Unmarshal([]byte("value: "+bound), &parsed); err != nil {
		t.Fatal(err)
	}
	if v.Type() == reflect.TypeFor[config.Size]() {
		size, err := config.ParseSize(bound)
		if err != nil {
			t.Fatal(err)
		}
		v.SetInt(int64(size) + delta)
		return
	}
	if v.Type() == reflect.TypeFor[config.Keep]() {
		keep, err := config.ParseKeep(bound)
		if err != nil {
			t.Fatal(err)
		}
		v.SetInt(int64(keep) + delta)
		return
	}
	if err := parsed.Value.Decode(v.Addr().Interface()); err != nil {
		t.Fatal(err)
	}
	v.SetInt(v.Int() + delta)
}

// fieldOf finds the field of a dotted key.
func fieldOf(cfg *config.Config, name string) reflect.Value {
	v := reflect.ValueOf(cfg).Elem()
	for part := range strings.SplitSeq(name, ".") {
		for i := range v.NumField() {
			if tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); tag == part {
				v = v.Field(i)
				break
			}
		}
	}
	return v
}

func TestExampleIsDefault(t *testing.T) {
	cfg := load(t, string(config.Example()))
	if !reflect.DeepEqual(cfg, config.Default()) {
		t.Errorf("got  %+v\nwant %+v", cfg, config.Default())
	}
}

func TestExampleDocumentsEveryKey(t *testing.T) {
	var doc yaml.Node
	if err := yaml.Unmarshal(config.Example(), &doc); err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	collectComments(doc.Content[0], "", comments)
	for _, k := range keys() {
		comment, ok := comments[k.name]
		if !ok || strings.TrimSpace(comment) == "" {
			t.Errorf("%s: present %v, comment %q", k.name, ok, comment)
			continue
		}
		if low := k.field.Tag.Get("min"); low != "" && !strings.Contains(comment, low+" to "+k.field.Tag.Get("max")) {
			t.Errorf("%s: the comment has not the range %s to %s", k.name, low, k.field.Tag.Get("max"))
		}
		for word := range strings.FieldsSeq(k.field.Tag.Get("oneof")) {
			if !strings.Contains(comment, word) && k.name != "auth.mechanisms" {
				t.Errorf("%s: the comment has not the word %s", k.name, word)
			}
		}
		if restart := k.field.Tag.Get("reload") == "false"; restart != strings.Contains(sectionComments(comments, k.name), "(restart)") {
			t.Errorf("%s: restart %v, but the comments differ", k.name, restart)
		}
	}
	for _, k := range inLists() {
		_, name, _ := strings.Cut(strings.TrimPrefix(k.name, "tls."), ".")
		if _, ok := comments[k.name]; !ok && !regexp.MustCompile(`(?m)^ *# (- |  )?`+name+`: `).Match(config.Example()) {
			t.Errorf("%s: neither a key nor a commented line", k.name)
		}
	}
}

// collectComments maps each key of a section to the comment above it.
func collectComments(section *yaml.Node, prefix string, out map[string]string) {
	for i := 0; i < len(section.Content); i += 2 {
		name, value := section.Content[i], section.Content[i+1]
		out[prefix+name.Value] = name.HeadComment
		switch {
		case value.Kind == yaml.MappingNode:
			collectComments(value, prefix+name.Value+".", out)
		case value.Kind == yaml.SequenceNode && len(value.Content) > 0 && value.Content[0].Kind == yaml.MappingNode:
			collectComments(value.Content[0], prefix+name.Value+".", out)
		}
	}
}

// sectionComments joins the comments of a key and of its section.
func sectionComments(comments map[string]string, name string) string {
	section, _, _ := strings.Cut(name, ".")
	return comments[section] + comments[name]
}

func TestExampleIsACopy(t *testing.T) {
	first := config.Example()
	clear(first)
	if bytes.Equal(first, config.Example()) {
		t.Error("a caller can change the example")
	}
}
