package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// maxFileBytes bounds a settings file, maxSecretBytes a file that holds one value.
const (
	maxFileBytes   = 1 << 20
	maxSecretBytes = 64 << 10
)

// Source says where settings come from. Flags win over the environment, that over the file, that over the defaults.
type Source struct {
	// File is the --config flag. Empty means <data>/salon.yaml, if that exists.
	File string
	// Data is the --data flag, a directory; empty means that it was not given.
	Data string
	// Host is the --host flag: the only host; empty means that it was not given. An entry of that name in the file stays.
	Host string
	// Env holds NAME=value pairs, as os.Environ returns them.
	Env []string
}

// Path returns the settings file that [Load] reads, or "" if it reads none.
func (s Source) Path() string {
	if s.File != "" {
		return s.File
	}
	data := Default().Data
	for _, pair := range s.Env {
		if text, ok := strings.CutPrefix(pair, envName("data")+"="); ok {
			data = text
		}
	}
	if s.Data != "" {
		data = s.Data
	}
	path := filepath.Join(data, "salon.yaml")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return ""
	}
	return path
}

// Load reads, merges, normalises and validates. Every error in it is an [*Error], sorted by line.
//
// It blocks on the file system. Safe for any goroutine.
func Load(s Source) (*Config, error) {
	l := &loader{source: s, origins: map[string]Error{}}
	if path := s.Path(); path != "" {
		l.readFile(path)
	}
	l.readEnv()
	l.readFlags()
	cfg := l.merge()
	l.overrideHost(cfg)
	l.readURLFile(cfg)
	cfg.normalise()
	l.validate(cfg)
	if err := join(l.errs); err != nil {
		return nil, err
	}
	return cfg, nil
}

// loader collects values by key, where each comes from, and every error.
type loader struct {
	source  Source
	file    map[string]any
	set     map[string]any   // scalars that the environment or a flag sets
	origins map[string]Error // key to an Error that holds nothing but the place
	errs    []*Error
}

func (l *loader) readFile(path string) {
	data, err := readBounded(path, maxFileBytes)
	if err != nil {
		problem := err.Error()
		if l.source.File != "" {
			problem += "; check --config"
		} else {
			problem += "; let this user read it, or choose another directory with --data"
		}
		l.errs = append(l.errs, &Error{File: path, Problem: problem})
		return
	}
	values, n := parseFile(path, data)
	l.file = values
	l.errs = append(l.errs, n.errs...)
	for key, line := range n.lines {
		l.origins[key] = Error{File: path, Line: line}
	}
}

func (l *loader) readEnv() {
	values, errs := parseEnv(l.source.Env)
	l.errs = append(l.errs, errs...)
	l.set = map[string]any{}
	for key, v := range values {
		l.set[key] = v.value
		l.origins[key] = Error{Source: v.variable}
	}
}

func (l *loader) readFlags() {
	if l.source.Data != "" {
		l.set["data"] = l.source.Data
		l.origins["data"] = Error{Source: "--data"}
	}
}

const delimiter = "::" // never ".", which would split the names of domains

// merge lets viper lay the values over the defaults, and decodes them exactly. The viper is gone after that.
func (l *loader) merge() *Config {
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	walkValue(reflect.ValueOf(Default()).Elem(), "", func(key string, _ field, value reflect.Value) {
		v.SetDefault(viperKey(key), value.Interface())
	})
	cfg := Default()
	err := v.MergeConfigMap(l.file)
	for key, value := range l.set {
		v.Set(viperKey(key), value)
	}
	if err == nil {
		err = v.UnmarshalExact(cfg, func(d *mapstructure.DecoderConfig) {
			d.TagName = "yaml"
			d.WeaklyTypedInput = false
			d.DecodeHook = nil
			d.ZeroFields = true // a shorter list replaces a longer one
		})
	}
	if err != nil { // the schema pass lets nothing through that does not fit
		l.errs = append(l.errs, &Error{Problem: fmt.Sprintf("decode settings: %v", err)})
		return Default()
	}
	return cfg
}

func viperKey(key string) string { return strings.ReplaceAll(key, ".", delimiter) }

// overrideHost makes --host the only host. The entry of that name, if the file has one, keeps its overrides.
func (l *loader) overrideHost(cfg *Config) {
	if l.source.Host == "" {
		return
	}
	host := Host{Name: l.source.Host}
	for _, h := range cfg.Hosts {
		if normalDomain(h.Name) == normalDomain(l.source.Host) {
			host = h
		}
	}
	cfg.Hosts = []Host{host}
	for key := range l.origins {
		if strings.HasPrefix(key, "hosts[") {
			delete(l.origins, key)
		}
	}
	l.origins["hosts"] = Error{Source: "--host"}
}

// readURLFile fills storage.url from the file that storage.url_file names.
func (l *loader) readURLFile(cfg *Config) {
	if cfg.Storage.URLFile == "" {
		return
	}
	const key = "storage.url_file"
	if cfg.Storage.URL != "" {
		l.errs = append(l.errs, l.place(&Error{Key: key, Problem: "storage.url is set too; set one of the two"}))
		return
	}
	data, err := readSecret(cfg.Storage.URLFile)
	if err != nil {
		l.errs = append(l.errs, l.place(&Error{Key: key, Problem: err.Error()}))
		return
	}
	cfg.Storage.URL = StorageURL(data)
}

// validate adds what Validate finds, but nothing about a key that has an error. After an earlier error it leaves out what compares keys: one may be missing.
func (l *loader) validate(cfg *Config) {
	errs := cfg.checkEach()
	if len(l.errs) == 0 && len(errs) == 0 {
		errs = cfg.checkTogether()
	}
	failed := map[string]bool{}
	for _, e := range l.errs {
		failed[e.Key] = e.Key != ""
	}
	for _, e := range errs {
		if !anyOuter(e.Key, failed) {
			l.errs = append(l.errs, l.place(e))
		}
	}
}

// anyOuter tells whether the key, or a list or section around it, is in the set.
func anyOuter(key string, set map[string]bool) bool {
	for ; key != ""; key = outer(key) {
		if set[key] {
			return true
		}
	}
	return false
}

// place fills in where the key was set: the key itself, the list or section around it, or the other key.
func (l *loader) place(e *Error) *Error {
	for _, key := range []string{e.Key, e.other} {
		for ; key != ""; key = outer(key) {
			if o, ok := l.origins[key]; ok {
				e.File, e.Line, e.Source = o.File, o.Line, o.Source
				return e
			}
		}
	}
	return e
}

// outer returns the key of the list or section that holds the key.
func outer(key string) string {
	return key[:max(0, strings.LastIndexAny(key, ".["))]
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("is longer than %s", Size(limit))
	}
	return data, nil
}

// cause takes the path out of an error that is about to be told with its path.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// readSecret reads one value from a regular file, without the space around it. The error does not show the value.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", path, cause(err))
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a file", path)
	}
	data, err := readBounded(path, maxSecretBytes)
	if err != nil {
		return "", fmt.Errorf("%s %w", path, err)
	}
	value := strings.TrimSpace(string(data))
	if value == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	if err := checkText(value); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return value, nil
}
