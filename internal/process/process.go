// Package process contains what all long-running railgate commands share: log, signals,
// listeners, version, system limits, and the probe for container health checks.
package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// probeTimeout is the timeout of a health probe. The answer comes from memory and takes
// far less.
const probeTimeout = 2 * time.Second

// Main runs a command: it calls run with a context that ends on SIGTERM or SIGINT. It
// prints an error of run, except flag.ErrHelp, and exits with code 1. It handles -version
// itself.
func Main(program string, run func(ctx context.Context, args []string) error) {
	if VersionRequested(os.Args[1:]) {
		fmt.Println(VersionLine(program))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, program+":", err)
		os.Exit(1)
	}
}

// Probe requests a URL and returns an error unless the status is 200.
func Probe(url string) error {
	client := http.Client{Timeout: probeTimeout}
	r, err := client.Get(url)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, r.Status)
	}
	return nil
}

// IgnoreHangup logs a line for each SIGHUP until stop is called. Other servers read their
// settings again on SIGHUP. Without IgnoreHangup the signal would end the process and all
// requests in progress.
func IgnoreHangup(log *zap.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range hangups {
			log.Warn("SIGHUP is ignored: settings are read only at start; restart the process to apply changed settings")
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		<-ended
	}
}
