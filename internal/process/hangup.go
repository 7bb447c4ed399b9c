package process

import (
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"
)

// IgnoreHangup answers each SIGHUP with a log line, until stop. Without it the
// signal, which operators know from other servers as "read the settings again",
// ends the process at once, and with it every request at hand.
func IgnoreHangup(log *zap.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range hangups {
			log.Warn("SIGHUP is ignored: settings are read at the start only; start the process again to change them")
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		<-ended
	}
}
