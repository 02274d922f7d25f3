package telemetry

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// Version is set when a release is linked. Other builds tell their revision instead.
var Version string

// A Build says which binary this is.
type Build struct {
	Version  string `json:"version"`  // of a release, or devel
	Revision string `json:"revision"` // of the source, + if that was changed; "" if it is not known
	Date     string `json:"date"`     // of the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// ThisBuild is what this binary is.
func ThisBuild() Build {
	b := Build{Version: cmp.Or(Version, "devel"), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; Version == "" && v != "" && v != "(devel)" {
		b.Version = v
	}
	changed := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value[:min(len(s.Value), 12)]
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+"
			}
		}
	}
	if b.Revision != "" {
		b.Revision += changed
	}
	return b
}
