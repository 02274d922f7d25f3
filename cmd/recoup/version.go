package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set when a release is linked; a build from a checkout tells its revision instead.
var version string

type versionCmd struct{ jsonFlag }

// Run tells what this binary is.
func (c *versionCmd) Run(e *env) error {
	v, revision := version, ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v == "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	if v == "" {
		v = "(devel)"
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if c.JSON {
		return printJSON(e, map[string]string{"version": v, "revision": revision, "go": runtime.Version(), "platform": platform})
	}
	fmt.Fprintf(e.stdout, "recoup %s %s %s\n", v, runtime.Version(), platform)
	return nil
}
