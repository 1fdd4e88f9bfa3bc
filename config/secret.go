package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
)

// masked stands where a secret would be.
const masked = "********"

// Secret is a string that no print, log or encoding shows. Reveal gives it.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns a mask, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// Format writes the mask for every verb, also for those that fmt would complain about with the value.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// GoString returns the mask.
func (s Secret) GoString() string { return s.String() }

// LogValue returns the mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the mask, so that JSON has it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML returns the mask.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// StorageURL names a database. It may hold a password, which no print, log or encoding shows. Reveal gives it all.
type StorageURL string

// Reveal returns the URL with its password.
func (u StorageURL) Reveal() string { return string(u) }

// Scheme says which back end the URL names: "sqlite", "postgres", or "" for neither. No URL at all is SQLite's default file.
func (u StorageURL) Scheme() string {
	scheme, _, ok := strings.Cut(string(u), ":")
	switch {
	case u == "", ok && scheme == "sqlite":
		return "sqlite"
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		return "postgres"
	}
	return ""
}

// String returns the URL without its secrets: all of it for SQLite, else without password and parameters.
// A URL that does not parse is masked whole.
func (u StorageURL) String() string {
	if u == "" || strings.HasPrefix(string(u), sqliteScheme) {
		return string(u)
	}
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" {
		return masked
	}
	out := parsed.Scheme + "://"
	if parsed.User != nil {
		out += url.PathEscape(parsed.User.Username()) + ":" + masked + "@"
	}
	out += parsed.Host + parsed.EscapedPath()
	if parsed.RawQuery != "" || parsed.Fragment != "" {
		out += "?" + masked
	}
	return out
}

// Format writes the masked URL for every verb.
func (u StorageURL) Format(f fmt.State, _ rune) { io.WriteString(f, u.String()) }

// GoString returns the masked URL.
func (u StorageURL) GoString() string { return u.String() }

// LogValue returns the masked URL.
func (u StorageURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText returns the masked URL, so that JSON has it too.
func (u StorageURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// MarshalYAML returns the masked URL.
func (u StorageURL) MarshalYAML() (any, error) { return u.String(), nil }
