package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the release script: -ldflags "-X main.release=1.2.3".
var release string

// version describes this build.
type version struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"` // with a + if the work tree differed from it
	Go      string `json:"go"`
	System  string `json:"system"`
}

func buildVersion() version {
	v := version{Version: release, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if v.Version == "" {
		v.Version = "development"
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Commit = s.Value[:min(12, len(s.Value))] + v.Commit
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Commit += "+"
		}
	}
	return v
}

func (a *app) versionCmd() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Say which Salon this is", Args: cobra.NoArgs}
	c.RunE = func(*cobra.Command, []string) error {
		v := buildVersion()
		if a.json {
			return a.encode(v)
		}
		commit := ""
		if v.Commit != "" {
			commit = " " + v.Commit
		}
		a.say("Salon %s%s, %s, %s\n", v.Version, commit, v.Go, v.System)
		return nil
	}
	return a.jsonFlag(c)
}
