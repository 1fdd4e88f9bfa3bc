package config

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Print writes the settings as YAML, in the order of the structs, with secrets masked.
//
// What it writes loads again as an equal Config, unless a secret was masked. Of storage.url and storage.url_file it
// writes the one that was set.
func Print(w io.Writer, c *Config) error {
	out := *c
	if out.Storage.URLFile != "" {
		out.Storage.URL = ""
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(node(reflect.ValueOf(out))); err != nil {
		return fmt.Errorf("config: print: %w", err)
	}
	if _, err := w.Write(text.Bytes()); err != nil {
		return fmt.Errorf("config: print: %w", err)
	}
	return nil
}

// node turns a value into YAML.
func node(v reflect.Value) *yaml.Node {
	switch v.Kind() {
	case reflect.Pointer:
		return node(v.Elem())
	case reflect.Struct:
		return sectionNode(v)
	case reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			list.Content = append(list.Content, node(v.Index(i)))
		}
		if v.Len() == 0 || v.Type().Elem().Kind() == reflect.String && v.Len() < 4 {
			list.Style = yaml.FlowStyle
		}
		return list
	case reflect.String:
		out := &yaml.Node{}
		out.SetString(show(v))
		return out
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: show(v)}
	}
}

// sectionNode writes the keys of a section, but those of a host that override nothing.
func sectionNode(v reflect.Value) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fieldsOf(v.Type()) {
		fv := v.Field(f.index)
		if strings.HasSuffix(f.tag.Get("yaml"), ",omitempty") && fv.IsZero() {
			continue
		}
		name := &yaml.Node{}
		name.SetString(f.name)
		out.Content = append(out.Content, name, node(fv))
	}
	return out
}

// show writes a scalar as the file has it, and masks a secret.
func show(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return showDuration(x)
	case fmt.Stringer: // sizes, and secrets by their mask
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	default:
		return v.String()
	}
}

// showDuration leaves out the zeros of time.Duration's form: 10m, not 10m0s.
func showDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
