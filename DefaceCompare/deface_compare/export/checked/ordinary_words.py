"""Words that the search for an identity takes for words of the field: those of DICOM's own dictionaries, and few more."""

from __future__ import annotations

import re
from functools import cache

MORE = """
cspine tspine lspine ssspine headneck wholebody motn pmot scat decy petd sats presat helix reslice resliced reoriented resampled
defacecompare denoised monte carlo collapsed convolution superposition acuros deterministic percentage retro
2022 23na accuray achieva adac admin aera affine afterloading agfa aquilion argb asym asymx asymy attn avanto backproject
biograph bitemplate bitemplates blade blend bore bqml brainlab braintumor breathhold brilliance build caesium calb canon
cbct cerr chnl clinac clockwise closedplanar cm2ml cnts coll comp compensated concurrent confidence contoured corporation
custom2 cyberknife cylindrical daily dcal deca deconvolved deface defaced dicomatic diff discovery divergent dixon dlyd dota
dotarem dotatoc dslr dtim dtmax dummy dynamic2 eclipse elekta elliptical epi3d epid fatsat ffdl ffdr fiesta flair fujifilm
fwhm gadovist gemini gmbh halcyon headneck healthineers hfdl hfdr hitachi hologic imrt inch ingenia ingenuity irrad
isotropic kvct laboratories lightspeed mediso mimvista mlco mlcx mlcy monaco monochrome1 monochrome2 mosaiq mprage multiplan
mvct navigator neutron nonconvex noncoplanar none4 nonplanar norm novalis nucletron null omnipaque oncentra organs ortho
patientfit philips pinnacle plastimatch portfilm portrait precise prisma prompt prop propeller prosoma radl rampup randg
random raysearch raystation recon reformat reformatted release relx replan resampled rigid rtdose rtplan rtstruct satpulse
scmap semiautomatic shielded shimadzu shld siemens signa simulator skyra slicer smlc smoothed somatom span spgr stepper stir
synergy t2star tablet tfl3d thermo thermoplastic thick thru tomotherapy topogram toshiba transaxial trio trtmnt truebeam
truefisp trufi tumour turbo tyrosine ultravist unapproved undefined unmodified unsigned varian verio versa vibe vision warp
wholebody xray 101 109 110 126 13c 144 148 149 159 19f 31p 420 422 abb abs acq app bed cgy cm3 cms cta dec drr drw dsa eff
emi fbp fet ffp ffs flt fse fsw gml gre gum hdr hfp hfs hnc inj ir2 irs lat lev lin ltd mct mim mip mra mse mst mtc nac obl
oss pct pnt ppg prv sag sim src std swi syn t1c t1w t2w tfe tfl tof tra tse uih vat vol wsd xio xor dcm srt snm3 sct ucum
fma dicm rtimage case cases moved subject confidentiality fill protect background dose keep mask follow quickshear average
method structure
"""
"""Terms of image types and plans, makers and machines, and words of the export itself: read one by one for names of people."""


@cache
def code_values() -> frozenset[str]:
    """The codes of the context groups that pydicom carries."""
    from pydicom.sr.codedict import codes

    return frozenset(concept.value for scheme in codes.schemes() for concept in getattr(codes, scheme).concepts.values())


@cache
def ordinary_words() -> frozenset[str]:
    """In lower case: words of the names of attributes, classes and codes that pydicom carries, and `MORE`."""
    from pydicom._dicom_dict import DicomDictionary
    from pydicom._uid_dict import UID_dictionary
    from pydicom.sr.codedict import codes

    texts = [entry[2] for entry in DicomDictionary.values()] + [entry[0] for entry in UID_dictionary.values()]
    for scheme in codes.schemes():
        texts += [concept.meaning for concept in getattr(codes, scheme).concepts.values()]
    return frozenset(re.findall(r"[^\W_]+", " ".join([*texts, MORE]).casefold()))
