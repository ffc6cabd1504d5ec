package hardware

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"
)

// Names that NVIDIA's libraries have, by system.
func nvidiaLibraries() (nvml, cuda []string) {
	if runtime.GOOS == "windows" {
		return []string{"nvml.dll"}, []string{"nvcuda.dll"}
	}
	// The last is where Windows puts them for Linux programs (WSL).
	return []string{"libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"}, []string{"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"}
}

// askNVIDIA asks NVIDIA's management library, which is part of its driver, and
// CUDA's where that is missing.
func askNVIDIA() []GPU {
	nvml, cuda := nvidiaLibraries()
	if found := askNVML(nvml...); found != nil {
		return found
	}
	return askCUDA(cuda...)
}

// nvmlMemory is nvmlMemory_t, bytes.
type nvmlMemory struct{ total, free, used uint64 }

// nvmlPCI is nvmlPciInfo_t.
type nvmlPCI struct {
	legacy                             [16]byte
	domain, bus, device, id, subsystem uint32
	busID                              [32]byte
	_                                  [64]byte // what later versions may add
}

// askNVML follows NVIDIA's nvml.h. nil: there is no such library, or it has no
// device.
func askNVML(names ...string) []GPU {
	lib, err := openLibrary(names...)
	if err != nil {
		return nil
	}
	defer lib.close()
	begin, end := lib.symbol("nvmlInit_v2"), lib.symbol("nvmlShutdown")
	count, handle := lib.symbol("nvmlDeviceGetCount_v2"), lib.symbol("nvmlDeviceGetHandleByIndex_v2")
	name, memory, pci := lib.symbol("nvmlDeviceGetName"), lib.symbol("nvmlDeviceGetMemoryInfo"), lib.symbol("nvmlDeviceGetPciInfo_v3")
	version := lib.symbol("nvmlSystemGetDriverVersion")
	if begin == 0 || end == 0 || count == 0 || handle == 0 || name == 0 || call(begin) != 0 {
		return nil
	}
	defer call(end)
	var pins pins
	defer pins.Unpin()
	n := new(uint32)
	if call(count, pins.at(unsafe.Pointer(n))) != 0 {
		return nil
	}
	driver := make([]byte, 96)
	if version != 0 && call(version, pins.at(unsafe.Pointer(&driver[0])), uintptr(len(driver)-1)) != 0 {
		clear(driver)
	}
	var found []GPU
	for i := range min(*n, mostGPUs) {
		device, label := new(uintptr), make([]byte, 128)
		if call(handle, uintptr(i), pins.at(unsafe.Pointer(device))) != 0 {
			continue
		}
		g := GPU{Name: "NVIDIA graphics", Vendor: "NVIDIA", Driver: text(driver), API: "cuda"}
		if call(name, *device, pins.at(unsafe.Pointer(&label[0])), uintptr(len(label)-1)) == 0 {
			g.Name = text(label)
		}
		if m := new(nvmlMemory); memory != 0 && call(memory, *device, pins.at(unsafe.Pointer(m))) == 0 {
			g.Memory, g.Free = bytesOf(m.total), bytesOf(m.free)
		}
		if p := new(nvmlPCI); pci != 0 && call(pci, *device, pins.at(unsafe.Pointer(p))) == 0 {
			g.PCI = address(p.domain, p.bus, p.device, 0)
		}
		found = append(found, g)
	}
	return found
}

// askCUDA follows NVIDIA's cuda.h. Free memory is not known: a context would
// have to be made, which takes some.
func askCUDA(names ...string) []GPU {
	lib, err := openLibrary(names...)
	if err != nil {
		return nil
	}
	// The library stays: CUDA's cannot be unloaded safely.
	begin, count, get := lib.symbol("cuInit"), lib.symbol("cuDeviceGetCount"), lib.symbol("cuDeviceGet")
	name, total, pci := lib.symbol("cuDeviceGetName"), lib.symbol("cuDeviceTotalMem_v2"), lib.symbol("cuDeviceGetPCIBusId")
	version := lib.symbol("cuDriverGetVersion")
	var pins pins
	defer pins.Unpin()
	n, cuda := new(int32), new(int32)
	if begin == 0 || count == 0 || get == 0 || name == 0 || int32(call(begin, 0)) != 0 || int32(call(count, pins.at(unsafe.Pointer(n)))) != 0 {
		return nil
	}
	driver := ""
	if version != 0 && int32(call(version, pins.at(unsafe.Pointer(cuda)))) == 0 {
		driver = fmt.Sprintf("CUDA %d.%d", *cuda/1000, *cuda%1000/10)
	}
	var found []GPU
	for i := range min(max(*n, 0), mostGPUs) {
		device, label, bus, size := new(int32), make([]byte, 128), make([]byte, 32), new(uint64)
		if int32(call(get, pins.at(unsafe.Pointer(device)), uintptr(i))) != 0 {
			continue
		}
		g := GPU{Name: "NVIDIA graphics", Vendor: "NVIDIA", Driver: driver, API: "cuda"}
		if int32(call(name, pins.at(unsafe.Pointer(&label[0])), uintptr(len(label)-1), uintptr(*device))) == 0 {
			g.Name = text(label)
		}
		if total != 0 && int32(call(total, pins.at(unsafe.Pointer(size)), uintptr(*device))) == 0 {
			g.Memory = bytesOf(*size)
		}
		if pci != 0 && int32(call(pci, pins.at(unsafe.Pointer(&bus[0])), uintptr(len(bus)-1), uintptr(*device))) == 0 {
			g.PCI = parseAddress(text(bus))
		}
		found = append(found, g)
	}
	return found
}

// mostGPUs bounds what a broken driver may claim.
const mostGPUs = 64

// bytesOf is a size from a driver.
func bytesOf(n uint64) int64 { return int64(min(n, 1<<60)) }

// parseAddress reads 0000:01:00.0 and its kin; "" if it is none.
func parseAddress(s string) string {
	var part [4]uint32
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '.' })
	if len(fields) != 4 {
		return ""
	}
	for i, f := range fields {
		n, err := strconv.ParseUint(f, 16, 32)
		if err != nil {
			return ""
		}
		part[i] = uint32(n)
	}
	return address(part[0], part[1], part[2], part[3])
}
