package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestStorageStatus(t *testing.T) {
	data := dataDir(t)
	salon(t, "", "storage", "status", "--data", data).want(t, 0, "has none of ours yet", "")
	salon(t, "secret\n", "user", "add", "alice@a.test", "--data", data).want(t, 0, "added", "")
	salon(t, "", "storage", "status", "--data", data).want(t, 0, "in use by nobody\n", "")
	serve(t, "--data", data)
	salon(t, "", "storage", "status", "--data", data).want(t, 0, "(salon serve) since ", "")
	r := salon(t, "", "storage", "status", "--data", data, "--json")
	var status struct {
		Backend, Name, Holder string
		Schema, Program       int64
		Tables                []struct {
			Table string
			Rows  int64
		}
	}
	if err := json.Unmarshal([]byte(r.out), &status); err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	if status.Schema == 0 || status.Schema != status.Program || !strings.HasPrefix(status.Backend, "SQLite 3") ||
		status.Name != filepath.Join(data, "salon.db") || !strings.HasPrefix(status.Holder, "process ") {
		t.Errorf("%+v", status)
	}
	if status.Tables[0].Table != "accounts" || status.Tables[0].Rows != 1 {
		t.Errorf("%+v", status.Tables)
	}
}

func TestStorageMigrate(t *testing.T) {
	data := dataDir(t)
	salon(t, "", "storage", "migrate", "--data", data).want(t, 0, "the schema was number 0 and is ", "")
	salon(t, "", "storage", "migrate", "--data", data).want(t, 0, ", the newest\n", "")
	salon(t, "", "storage", "migrate", "--data", data, "--json").want(t, 0, `{"after":`, "")
	serve(t, "--data", data)
	salon(t, "", "storage", "migrate", "--data", data).want(t, 1, "", "is in use by process ")
}

func TestStorageCopyRefused(t *testing.T) {
	data, other := dataDir(t), dataDir(t)
	target := "sqlite:" + filepath.Join(other, "salon.db")
	salon(t, "", "storage", "copy", "--data", data).want(t, 2, "", "into which database? name it with --to or --to-file")
	salon(t, "", "storage", "copy", "--data", data, "--to", target).want(t, 1, "", "there is nothing to copy in "+filepath.Join(data, "salon.db"))
	salon(t, "", "storage", "copy", "--data", data, "--to", "mysql://u:geheim@h/d").want(t, 1, "", "want postgres://")
	salon(t, "", "storage", "copy", "--data", data, "--to", target, "--from-file", "/nowhere").want(t, 1, "", "cannot read the URL: open /nowhere")
	serve(t, "--data", other)
	salon(t, "", "storage", "copy", "--data", data, "--to", target).want(t, 1, "", other+" is in use by process ")
	salon(t, "", "storage", "copy", "--data", other, "--to", "sqlite:"+filepath.Join(data, "b.db")).want(t, 1, "", other+" is in use by process ")
}
