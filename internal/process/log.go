package process

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// CheckLevel reports what is wrong with the name of a log level.
func CheckLevel(name string) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, name) {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
}

// sampleFirst equal lines of a second are written, and then every sampleEach-th.
const (
	sampleFirst = 100
	sampleEach  = 100
)

// Logger writes JSON lines from a level on to standard error. Lines below warn are sampled: a fault
// in the peak must not become a second fault. Warnings and errors are all written.
// Their callers bound them: the brokers' and the database's outages get a line a
// minute (kafka.Outage), and a request at most two lines.
func Logger(level string) (*zap.Logger, error) {
	if err := CheckLevel(level); err != nil {
		return nil, fmt.Errorf("log level %q %w", level, err)
	}
	c := zap.NewProductionConfig()
	var err error
	if c.Level, err = zap.ParseAtomicLevel(level); err != nil {
		return nil, err
	}
	c.Sampling = nil
	c.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	c.EncoderConfig.TimeKey = "time"
	c.DisableStacktrace = true
	return c.Build(zap.WrapCore(sampleBelowWarn))
}

func sampleBelowWarn(all zapcore.Core) zapcore.Core {
	return byLevel{all, zapcore.NewSamplerWithOptions(all, time.Second, sampleFirst, sampleEach)}
}

// byLevel gives warnings and errors to all, and the rest to sampled.
type byLevel struct {
	zapcore.Core // all
	sampled      zapcore.Core
}

// With implements zapcore.Core.
func (c byLevel) With(fields []zapcore.Field) zapcore.Core {
	return byLevel{c.Core.With(fields), c.sampled.With(fields)}
}

// Check implements zapcore.Core.
func (c byLevel) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if e.Level < zapcore.WarnLevel {
		return c.sampled.Check(e, ce)
	}
	return c.Core.Check(e, ce)
}
