// Package config owns Salon's settings: plain structs, filled once from defaults, one YAML file and the environment.
//
// [Load] refuses what it does not understand and says where: file, line, key, and the nearest key that exists. Nothing
// reads the file or the environment after Load. A reload loads a second [Config] and asks [Reload] which of the changed
// keys may be applied to a running server. The package starts no goroutines, and a Config that was loaded is not
// written again: it is safe to share.
//
// The struct tags are the schema. `yaml` names the key, `reload` says whether a running server can apply a change,
// `min`, `max` and `zero` give the allowed range, `oneof` the allowed words. salon.example.yaml documents every key.
//
//	cfg, err := config.Load(config.Source{File: "salon.yaml", Env: os.Environ()})
package config
