package main

import (
	"fmt"

	"recoup/internal/telemetry"
)

type versionCmd struct{ jsonFlag }

// Run tells what this binary is.
func (c *versionCmd) Run(e *env) error {
	b := telemetry.ThisBuild()
	if c.JSON {
		return printJSON(e, b)
	}
	fmt.Fprintf(e.stdout, "recoup %s  revision %s  of %s  %s %s\n", b.Version, orDash(b.Revision), orDash(b.Date), b.Go, b.Platform)
	return nil
}
