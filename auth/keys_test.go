package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"salon.im/salon/auth"
)

func TestDerive(t *testing.T) {
	all, err := auth.DeriveAll("pencil", auth.Hashes(), auth.MinIterations)
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	for i, k := range all {
		if k.Hash != auth.Hashes()[i] || len(k.Salt) != 16 || k.Validate() != nil {
			t.Errorf("%d: %v, salt of %d bytes, %v", i, k, len(k.Salt), k.Validate())
		}
		if !auth.Verify(k, "pencil") || auth.Verify(k, "pencil2") || auth.Verify(k, "") {
			t.Errorf("%d: Verify is wrong", i)
		}
		again, _ := auth.Derive("pencil", k.Hash, auth.MinIterations)
		if bytes.Equal(again.Salt, k.Salt) || bytes.Equal(again.StoredKey, k.StoredKey) {
			t.Errorf("%d: the salt is not random", i)
		}
	}
}

func TestDeriveRefused(t *testing.T) {
	for i, tc := range [...]struct {
		password   string
		hash       auth.Hash
		iterations int
		want       error
	}{
		0: {"", auth.SHA256, 4096, auth.ErrPassword},
		1: {strings.Repeat("a", auth.MaxPasswordBytes), auth.SHA256, 4096, nil},
		2: {strings.Repeat("a", auth.MaxPasswordBytes+1), auth.SHA256, 4096, auth.ErrPassword},
		3: {"a\x00b", auth.SHA256, 4096, auth.ErrPassword},
		4: {"pencil", "SHA-224", 4096, auth.ErrKeys},
		5: {"pencil", auth.SHA256, auth.MinIterations - 1, auth.ErrKeys},
		6: {"pencil", auth.SHA256, auth.MaxIterations + 1, auth.ErrKeys},
	} {
		if _, err := auth.Derive(tc.password, tc.hash, tc.iterations); !errors.Is(err, tc.want) {
			t.Errorf("%d: %v, want %v", i, err, tc.want)
		}
		if _, err := auth.DeriveAll(tc.password, []auth.Hash{tc.hash}, tc.iterations); !errors.Is(err, tc.want) {
			t.Errorf("%d: DeriveAll: %v, want %v", i, err, tc.want)
		}
	}
}

// No way of printing keys shows them.
func TestKeysMasked(t *testing.T) {
	k, err := auth.Derive("pencil", auth.SHA256, auth.MinIterations)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", k, &k, []auth.Keys{k})
	}
	fmt.Fprintf(&out, "%v\n", fmt.Errorf("with %v", k))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("keys", "keys", k)
	slog.New(slog.NewTextHandler(&out, nil)).Info("keys", "keys", k)
	for _, secret := range [][]byte{k.Salt, k.StoredKey, k.ServerKey} {
		for _, form := range []string{
			hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret), fmt.Sprint(secret), fmt.Sprintf("%q", secret), string(secret),
		} {
			if strings.Contains(strings.ToLower(out.String()), strings.ToLower(form)) {
				t.Errorf("%q is in the output", form)
			}
		}
	}
	if !strings.Contains(out.String(), `auth.Keys{"SHA-256", 4096 iterations}`) {
		t.Errorf("output is %s", out.String())
	}
}
