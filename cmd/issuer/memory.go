package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/memlimit"
	"github.com/railgate/railgate/issuance/account"
)

// memoryLimit is what the issuer may take, bytes: memory_mib, or else the smaller of
// GOMEMLIMIT and the control group's limit; 0: no limit is known.
func (c *config) memoryLimit(l memlimit.Limits) int64 {
	if c.MemoryMiB > 0 {
		return int64(c.MemoryMiB) << 20
	}
	return l.Least()
}

// fitMemory has as many passwords hashed at once as the limit holds, and reports
// settings that do not fit it or each other.
func (c *config) fitMemory(l memlimit.Limits, fault func(path, format string, args ...any)) (h account.Hashing) {
	limit := c.memoryLimit(l)
	switch {
	case c.MemoryMiB < 0:
		fault("memory_mib", "must be 0, or a number of MiB")
	case l.Least() > 0 && limit > l.Least():
		fault("memory_mib", "is above the %d MiB that GOMEMLIMIT or the control group allows", l.Least()>>20)
	case l.Group > 0 && l.Runtime > l.Group:
		fault("memory_mib", "GOMEMLIMIT is %d MiB, and the control group allows %d MiB: set it lower, about nine tenths of that", l.Runtime>>20, l.Group>>20)
	}
	h = account.DefaultHashing
	h.Concurrent = c.PasswordHashings
	if err := h.Check(); err != nil {
		fault("password_hashings", "%w", err)
		return h
	}
	fitting, err := h.Within(limit)
	if few := (*account.TooFewError)(nil); errors.As(err, &few) && c.PasswordHashings == 0 {
		fault("memory_mib", "%w", err)
	} else if err != nil {
		fault("password_hashings", "%w", err)
	}
	return fitting
}

// limitMemory has the runtime collect garbage before the limit ends the process, where
// GOMEMLIMIT does not say so already.
func (c *config) limitMemory(l memlimit.Limits, log *zap.Logger) {
	limit := c.memoryLimit(l)
	if l.Runtime == 0 && limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
	known := "none"
	if limit > 0 {
		known = fmt.Sprintf("%d MiB", limit>>20)
	}
	log.Info("memory", zap.String("limit", known), zap.Int("password_hashings", c.hashing.AtOnce()), zap.Int("hashing_mib", c.hashing.MemoryMiB()))
}
