package main

import (
	"errors"
	"os"

	"recoup/internal/store"
)

// authorFlags say who changes something, and why. Both are kept.
type authorFlags struct {
	Operator string `env:"RECOUP_OPERATOR" help:"Who does it; kept. Default: the user of this machine, if it says who that is."`
	Reason   string `help:"Why; kept."`
}

// author is who the flags name. A container names nobody.
func (f *authorFlags) author() (store.Author, error) {
	by := f.Operator
	for _, name := range []string{"USER", "LOGNAME"} {
		if by == "" {
			by = os.Getenv(name)
		}
	}
	if by == "" {
		return store.Author{}, errors.New("--operator: who does this cannot be told; give a name, or set RECOUP_OPERATOR")
	}
	if err := firstErr(checkID("--operator", by), checkText("--reason", f.Reason)); err != nil {
		return store.Author{}, err
	}
	from, _ := os.Hostname() // one that is not known is not told
	return store.Author{By: by, From: from, Why: f.Reason, At: nowMilli()}, nil
}
