// Command salon is the server and everything an administrator does with it on its machine: `salon serve` runs it,
// `salon user add alice@localhost` makes an account whether it runs or not, `salon check config` and `salon config print`
// look at the settings. `salon help` lists the rest.
//
// It exits with 0 if all went well, 1 if not, with one line that says why and what to do, and 2 if the command line itself
// is wrong.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
