// Command recoup runs and administers a Recoup installation. Each command is a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes, documented in `recoup --help`.
const (
	exitFailed  = 1 // the command could not do its work
	exitUsage   = 2 // wrong words on the command line
	exitDiverge = 3 // verify or copy found books that do not agree
)

// cli is every command. Flags can also be given by environment, as the help shows.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Serve a database."`
	Demo    demoCmd    `cmd:"" help:"Make and serve a small demo world; the published samples work in it as printed."`
	Migrate migrateCmd `cmd:"" help:"Bring a database to this version's schema."`
	Verify  verifyCmd  `cmd:"" help:"Prove that the books agree, or name where they do not."`
	Backup  backupCmd  `cmd:"" help:"Copy a SQLite database while it is served, and prove the copy."`
	Restore restoreCmd `cmd:"" help:"Put a backup in the place of a database."`
	Copy    copyCmd    `cmd:"" help:"Move everything to an empty PostgreSQL database, and prove that it is all there."`

	Brand     brandCmd     `cmd:"" help:"Administer brands and their voucher templates."`
	Policy    policyCmd    `cmd:"" help:"Administer the rules of a brand, as one document with versions."`
	Shop      shopCmd      `cmd:"" help:"Administer shops."`
	App       appCmd       `cmd:"" help:"Administer apps: who may call what, and how often."`
	Session   sessionCmd   `cmd:"" help:"Administer sessions: the tokens by which an app acts for a merchant."`
	Member    memberCmd    `cmd:"" help:"Show members, freeze and unfreeze them."`
	Order     orderCmd     `cmd:"" help:"Show what the books hold under a number."`
	Reverse   reverseCmd   `cmd:"" help:"WDK refunds: approve and refuse them, settle their payouts."`
	Key       keyCmd       `cmd:"" help:"Administer the keys that encrypt secrets and seal the books."`
	Journal   journalCmd   `cmd:"" help:"Show who changed brands, rules, apps and sessions, and what."`
	Clock     clockCmd     `cmd:"" help:"For when the clock cannot be believed."`
	Liability liabilityCmd `cmd:"" help:"Tell what members had at any moment, by kind, shop and age."`
	Export    exportCmd    `cmd:"" help:"Write books for other tools."`
	Import    importCmd    `cmd:"" help:"Bring in what was kept elsewhere."`

	Call    callCmd    `cmd:"" help:"Sign a call, send it and print the answer."`
	Version versionCmd `cmd:"" help:"Tell what this binary is."`
	Bench   benchCmd   `cmd:"" help:"Measure this machine: signed calls over HTTP against a store and against the no-op limit."`

	BenchServer benchServerCmd `cmd:"" hidden:""`
}

// env is what commands may use of the world; tests give their own.
type env struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	hurry  <-chan struct{} // closed by the second signal to end; nil: never
}

func main() {
	ctx, hurry := signals()
	os.Exit(run(&env{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, hurry: hurry}, os.Args[1:]))
}

// signals ends the context at the first signal to end, and closes hurry at the second. A terminal that goes away ends nothing.
func signals() (ctx context.Context, hurry chan struct{}) {
	ctx, end := context.WithCancel(context.Background())
	hurry = make(chan struct{})
	signal.Ignore(syscall.SIGHUP)
	got := make(chan os.Signal, 2)
	signal.Notify(got, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-got
		end()
		<-got
		close(hurry)
		signal.Stop(got) // the third is not caught
	}()
	return ctx, hurry
}

// errDiverge is how verify says that the books do not agree.
var errDiverge = errors.New("the books do not agree")

// run is the whole program but for the process around it.
func run(e *env, args []string) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("recoup"),
		kong.Description("Recoup: member assets and refunds over the TOP protocol.\n\nExit codes: 0 done, 1 failed, 2 usage, 3 verify or copy found a divergence."),
		kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Bind(e),
	)
	if err != nil {
		fmt.Fprintln(e.stderr, "recoup:", err)
		return exitFailed
	}
	if len(args) > 0 && args[0] == "help" { // help, and help for a command
		args = append(slices.Clone(args[1:]), "--help")
	}
	k, err := parser.Parse(args)
	if exited >= 0 { // --help was answered
		return exited
	}
	if err != nil {
		fmt.Fprintln(e.stderr, "recoup:", err)
		fmt.Fprintf(e.stderr, "run `%s --help` for what it takes\n", asked(err))
		return exitUsage
	}
	switch err := k.Run(e); {
	case err == nil:
		return 0
	case errors.Is(err, errDiverge):
		fmt.Fprintln(e.stderr, "recoup:", err)
		return exitDiverge
	default:
		fmt.Fprintln(e.stderr, "recoup:", err)
		return exitFailed
	}
}

// asked is as much of a wrong command line as names a command.
func asked(err error) string {
	words := []string{"recoup"}
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
		for _, p := range wrong.Context.Path {
			if p.Command != nil {
				words = append(words, p.Command.Name)
			}
		}
	}
	return strings.Join(words, " ")
}
