package hardware

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemSources are asked for graphics processors; earlier ones are believed.
func systemSources() []source {
	return []source{
		{"nvidia", askNVIDIA},
		{"dxgi", askDXGI},
		{"vulkan", func() []GPU { return askVulkan(vulkanLibraries()...) }},
	}
}

// Places of methods in the tables of DXGI's interfaces, from dxgi.h and dxgi1_4.h.
const (
	queryInterface       = 0
	release              = 2
	factoryEnumAdapters1 = 12
	adapterGetDesc1      = 10
	adapterQueryMemory   = 14
)

var (
	iidFactory1 = windows.GUID{Data1: 0x770aae78, Data2: 0xf26f, Data3: 0x4dba, Data4: [8]byte{0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87}}
	iidAdapter3 = windows.GUID{Data1: 0x645967a4, Data2: 0x1392, Data3: 0x4310, Data4: [8]byte{0xa7, 0x98, 0x80, 0x53, 0xce, 0x3e, 0x93, 0xfd}}
)

// com is an object of the Component Object Model: it begins with the address of
// the table of its methods.
type com struct{ methods *[32]uintptr }

func (c *com) call(method int, args ...uintptr) int32 {
	return int32(call(c.methods[method], append([]uintptr{uintptr(unsafe.Pointer(c))}, args...)...))
}

// adapterDesc is DXGI_ADAPTER_DESC1.
type adapterDesc struct {
	description                         [128]uint16
	vendor, device, subsystem, revision uint32
	dedicated, dedicatedSystem, shared  uintptr
	luid                                [2]uint32
	flags                               uint32
}

// memoryInfo is DXGI_QUERY_VIDEO_MEMORY_INFO.
type memoryInfo struct{ budget, used, reservable, reserved uint64 }

// askDXGI lists the adapters that Windows draws with, without those of software.
func askDXGI() []GPU {
	lib, err := openLibrary("dxgi.dll")
	if err != nil {
		return nil
	}
	create := lib.symbol("CreateDXGIFactory1")
	if create == 0 {
		return nil
	}
	var pins pins
	defer pins.Unpin()
	var factory **com = new(*com)
	iid := iidFactory1
	if int32(call(create, pins.at(unsafe.Pointer(&iid)), pins.at(unsafe.Pointer(factory)))) != 0 || *factory == nil {
		return nil
	}
	defer (*factory).call(release)
	var found []GPU
	for i := range uintptr(mostGPUs) {
		adapter, desc := new(*com), new(adapterDesc)
		if (*factory).call(factoryEnumAdapters1, i, pins.at(unsafe.Pointer(adapter))) != 0 || *adapter == nil {
			break
		}
		const software = 2 // DXGI_ADAPTER_FLAG_SOFTWARE
		if (*adapter).call(adapterGetDesc1, pins.at(unsafe.Pointer(desc))) == 0 && desc.flags&software == 0 && vendors[desc.vendor] != "" {
			found = append(found, describe(*adapter, desc, &pins))
		}
		(*adapter).call(release)
	}
	return found
}

// describe tells an adapter's memory: its own, or what it may take of the
// machine's if it has little.
func describe(adapter *com, desc *adapterDesc, pins *pins) GPU {
	const little = 1 << 30
	g := GPU{Name: windows.UTF16ToString(desc.description[:]), Vendor: vendors[desc.vendor], API: "dxgi", Memory: bytesOf(uint64(desc.dedicated))}
	segment := uintptr(0) // DXGI_MEMORY_SEGMENT_GROUP_LOCAL; on processors with graphics, the machine's
	if g.Memory < little && desc.shared > desc.dedicated {
		g.Memory, g.Shares = bytesOf(uint64(desc.shared)), true
	}
	newer, iid, m := new(*com), iidAdapter3, new(memoryInfo)
	if adapter.call(queryInterface, pins.at(unsafe.Pointer(&iid)), pins.at(unsafe.Pointer(newer))) != 0 || *newer == nil {
		return g
	}
	defer (*newer).call(release)
	if (*newer).call(adapterQueryMemory, 0, segment, pins.at(unsafe.Pointer(m))) == 0 {
		g.Free = min(g.Memory, max(0, bytesOf(m.budget)-bytesOf(m.used)))
	}
	return g
}
