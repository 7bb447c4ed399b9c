//go:build !purego

package inverse

import "golang.org/x/sys/cpu"

// hasAssembly reports whether this processor can run the assembly.
var hasAssembly = cpu.X86.HasBMI1 && cpu.X86.HasBMI2

// euclidAssembly is [euclid] in assembly. It needs BMI1 and BMI2.
//
//go:noescape
func euclidAssembly(v, x *[4]uint64, limit int) (batches int, sign uint64)
