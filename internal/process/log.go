package process

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// CheckLevel returns an error unless name is a log level.
func CheckLevel(name string) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, name) {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
}

// Sampling of equal lines: the first sampleFirst lines of a second are written, and then
// every sampleEach-th.
const (
	sampleFirst = 100
	sampleEach  = 100
)

// Logger returns a logger that writes JSON lines of the level and above to standard
// error. It samples lines below warn: at peak load, logging must not cause an outage.
// Warnings and errors are all written; their callers bound them: one line per minute for
// an outage of the brokers or the database (kafka.Outage), at most two per request.
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

// byLevel passes warnings and errors to Core, and other lines to sampled.
type byLevel struct {
	zapcore.Core // not sampled
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
