package hardware

import (
	"runtime"

	"github.com/ebitengine/purego"
	"github.com/ebitengine/purego/objc"
)

// systemSources are asked for graphics processors.
func systemSources() []source { return []source{{"metal", askMetal}} }

// askMetal asks the device that macOS computes on by default: how much memory
// Metal recommends to take at most, and what this process has taken.
func askMetal() []GPU {
	lib, err := purego.Dlopen("/System/Library/Frameworks/Metal.framework/Metal", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil
	}
	create, err := purego.Dlsym(lib, "MTLCreateSystemDefaultDevice")
	if err != nil {
		return nil
	}
	// What Objective-C hands out for a while belongs to a pool of this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pool := objc.ID(objc.GetClass("NSAutoreleasePool")).Send(objc.RegisterName("new"))
	defer pool.Send(objc.RegisterName("drain"))
	device := objc.ID(call(create))
	if device == 0 {
		return nil
	}
	defer device.Send(objc.RegisterName("release"))
	g := GPU{Vendor: "Apple", API: "metal", Driver: "Metal",
		Name:   objc.Send[string](objc.Send[objc.ID](device, objc.RegisterName("name")), objc.RegisterName("UTF8String")),
		Memory: bytesOf(objc.Send[uint64](device, objc.RegisterName("recommendedMaxWorkingSetSize"))),
		Shares: objc.Send[bool](device, objc.RegisterName("hasUnifiedMemory")),
	}
	g.Free = max(0, g.Memory-bytesOf(objc.Send[uint64](device, objc.RegisterName("currentAllocatedSize"))))
	if !g.Shares {
		g.Vendor = "" // an Intel Mac's card
	}
	return []GPU{g}
}
