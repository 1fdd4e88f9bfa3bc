package xmpptest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"salon.im/salon/config"
	"salon.im/salon/wire"
)

// RunScripts runs every script of a directory as a parallel subtest, each on a server of its own, over STARTTLS.
func RunScripts(t *testing.T, dir string) { RunScriptsOver(t, dir, STARTTLS, nil) }

// RunScriptsOver is RunScripts for those that make sense over a transport. beside, unless nil, begins what goes on beside
// each script, on its server, and returns what ends it.
func RunScriptsOver(t *testing.T, dir string, over Transport, beside func(*testing.T, *Server) (end func())) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, wrong := ParseScript(filepath.Base(file), string(text))
		if wrong == nil && !slices.Contains(s.Over, over) {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			if wrong != nil {
				t.Fatal(wrong)
			}
			s.run(t, over, beside)
		})
	}
}

// run is a script under way.
type run struct {
	*Script
	t       *testing.T
	s       *Server
	clients map[string]*Client
	stage   map[string]string
	vars    vars
}

// run runs the script on a new server. It fails the test at the first step that fails.
func (s *Script) run(t *testing.T, over Transport, beside func(*testing.T, *Server) (end func())) {
	if s.Skip != "" {
		t.Skip(s.Skip)
	}
	r := &run{Script: s, t: t, clients: map[string]*Client{}, stage: map[string]string{}, vars: vars{}}
	r.s = StartOver(t, over, func(c *config.Config) { settings(t, c, s.Set) })
	if beside != nil {
		defer beside(t, r.s)()
	}
	for _, c := range s.Clients {
		r.clients[c.Name] = r.s.Client(c.Addr)
		r.stage[c.Name] = c.Stage
		if err := r.clients[c.Name].reach(c.Stage); err != nil {
			t.Fatalf("%s:%d: %s: %v", s.Name, c.Line, c.Name, err)
		}
	}
	for _, st := range s.Steps {
		v, args := verbOf(st)
		if err := v.do(r, st, args); err != nil {
			t.Fatalf("%s:%d: %s %s\n%s%v", s.Name, st.Line, st.Who, st.Text, indent(st.Block), err)
		}
	}
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "\t" + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n\t") + "\n"
}

// settings puts a script's settings over those of a test server, by way of a configuration file.
func settings(t *testing.T, c *config.Config, set []Setting) {
	if len(set) == 0 {
		return
	}
	tree := map[string]any{}
	for _, s := range set {
		at := tree
		keys := strings.Split(s.Key, ".")
		for _, k := range keys[:len(keys)-1] {
			if at[k] == nil {
				at[k] = map[string]any{}
			}
			at = at[k].(map[string]any)
		}
		var v any
		if err := yaml.Unmarshal([]byte(s.Value), &v); err != nil {
			t.Fatal(err)
		}
		at[keys[len(keys)-1]] = v
	}
	text, err := yaml.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "salon.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(config.Source{File: file, Data: c.Data})
	if err != nil {
		t.Fatal(err)
	}
	loaded.Listen, loaded.Auth.Iterations, loaded.Storage = c.Listen, c.Auth.Iterations, c.Storage
	if tree["hosts"] == nil {
		loaded.Hosts = c.Hosts
	}
	*c = *loaded
}

// barrier proves that the server has handled whatever anyone sent before; what came meanwhile waits in the inboxes.
func (r *run) barrier(name string) error {
	for _, other := range r.Clients {
		if c := r.clients[other.Name]; other.Name != name && c.dirty && c.bound {
			if err := c.barrier(); err != nil {
				return fmt.Errorf("%s: %w", other.Name, err)
			}
		}
	}
	c := r.clients[name]
	if !c.bound {
		return fmt.Errorf("%s is not bound: nothing can be proved", name)
	}
	return c.barrier()
}

// quiet reports whether a stanza is passed over unless a script asks for it: XEP-0198 requests and answers.
func quiet(st wire.Stanza) bool {
	n := st.Name()
	return n.Space == nsSM && (n.Local == "r" || n.Local == "a")
}

// receive holds the next stanzas against patterns.
func (r *run) receive(st Step, anyOrder bool) error {
	patterns, err := parsePattern(st.Block)
	if err != nil {
		return err
	}
	for len(patterns) > 0 {
		got, n, err := r.next(st.Who, patterns[0].name.Space == nsSM)
		if err != nil {
			return fmt.Errorf("%w; still expected: %d", err, len(patterns))
		}
		why := ""
		for i, p := range patterns {
			w := r.vars.match(p, n)
			if w == "" {
				patterns = append(patterns[:i:i], patterns[i+1:]...)
				why = ""
				break
			}
			if why == "" {
				why = w
			}
			if !anyOrder {
				break
			}
		}
		if why != "" {
			return fmt.Errorf("came:\n\t%s\n%s", got.AppendStandalone(nil), why)
		}
	}
	return nil
}

// receiveInTheEnd passes over what comes before the one pattern.
func (r *run) receiveInTheEnd(st Step) error {
	patterns, err := parsePattern(st.Block)
	if err != nil {
		return err
	}
	why := ""
	for {
		_, n, err := r.next(st.Who, patterns[0].name.Space == nsSM)
		if err != nil {
			return fmt.Errorf("%w (the last but: %s)", err, why)
		}
		if why = r.vars.match(patterns[0], n); why == "" {
			return nil
		}
	}
}

// next takes the next stanza of a client.
func (r *run) next(who string, loud bool) (wire.Stanza, *node, error) {
	for {
		st, err := r.clients[who].recv()
		if err != nil {
			return st, nil, err
		}
		if quiet(st) && !loud {
			continue
		}
		n, err := nodeOf(st)
		return st, n, err
	}
}
