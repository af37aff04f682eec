// Package main is cert-manager for ACME with HTTP-01, from its own packages: controllers, webhook, CA injector, solver
// and the check after an installation, in one program that is told by its name which of them it is.
//
// The real programs are modules of their own that no registry serves; their mains are what is rewritten here. There is
// one replica of each, so nobody is elected.
package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

var programs = map[string]func(context.Context) error{
	"controller":      runController,
	"webhook":         runWebhook,
	"cainjector":      runInjector,
	"acmesolver":      runSolver,
	"startupapicheck": runCheck,
}

// parse reads the program's arguments; one that it does not know is an error.
func parse(flags *pflag.FlagSet) error {
	logging := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(logging)
	flags.AddGoFlag(logging.Lookup("v"))
	return flags.Parse(os.Args[1:])
}

func runSolver(ctx context.Context) error {
	s := &solver.HTTP01Solver{}
	flags := pflag.NewFlagSet("acmesolver", pflag.ContinueOnError)
	flags.IntVar(&s.ListenPort, "listen-port", 8089, "")
	flags.StringVar(&s.Domain, "domain", "", "")
	flags.StringVar(&s.Token, "token", "", "")
	flags.StringVar(&s.Key, "key", "", "")
	if err := parse(flags); err != nil {
		return err
	}
	return s.Listen(logf.FromContext(ctx))
}

func main() {
	logf.InitLogs()
	ctrl.SetLogger(klog.Background())
	ctx, stop := signal.NotifyContext(logf.NewContext(context.Background(), logf.Log), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "cert-manager-")
	run, known := programs[name]
	if !known {
		klog.Fatalf("%s is not a part of cert-manager that is known here", name)
	}
	if err := run(ctx); err != nil && ctx.Err() == nil {
		klog.Fatal(err)
	}
}
