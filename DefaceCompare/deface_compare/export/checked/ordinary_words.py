"""Words that the search for an identity takes for words of the field: those of DICOM's own dictionaries, and few more."""

from __future__ import annotations

import re
from functools import cache

MORE = """
cspine tspine lspine ssspine headneck wholebody motn pmot scat decy petd sats presat helix reslice resliced reoriented resampled
defacecompare arms centric pencil perc resp sat1 sat2 shim voxels
denoised monte carlo collapsed convolution superposition acuros deterministic percentage retro
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


NAMES = """
adams adler alexander allen alvarez andersen anderson anna arnold bailey baker barnes bauer beck becker bell bennett berg
berger black boeck bowman braun brooks brown bryant burns butler campbell carter chang chen clark cohen cole collins cook
cooper cox craig crohn cruz cushing daniel davis diaz dixon duncan edwards elizabeth ellis evans ferguson fischer fisher
fletcher flores ford foster fox francis franz frey garcia george gibson gomez gonzalez gordon graham grant green griffin
gross hahn hall hamilton hans hansen harris harrison harvey hayes henderson henry hernandez herring hill hoffman hoffmann
holmes howard huang hughes hunt hunter jackson jacob jacobs james jansen jean jensen johannes john johnson jones jordan
joseph karl keller kelly kennedy khan kim king klein koch kraus krause kruger lang lange larsen lee lehmann leroy lewis liu
lopez louis ludwig maria marie marshall martin martinez mary mason meyer michael michel miller mitchell moore moreau morgan
morris muller murphy murray myers nelson nguyen nielsen novak ortiz owens palmer park parker patel paul pedersen perez perry
peter peters petersen peterson phillips pierce popov porter powell price ramirez reed reyes reynolds rice richard richards
richter rivera robert roberts robertson robinson rodriguez rogers romano rose ross rossi russell russo ryan sanchez sanders
schmidt schneider schroeder schulz schwartz schwarz scott shaw silva simmons simon simpson singh smith snyder stevens
stewart sullivan taylor thomas thompson thomson tom torres tucker turner wagner walker wallace wang ward warren watson weber
weiss wells werner west white williams wilson winkler wolf wolff wood woods wright yamada yang young zhang zhao zhou
zimmermann
"""
"""Family and given names that are frequent in some country: they stand in the names of diseases and devices, too."""
FREQUENT_NAMES = frozenset(NAMES.split())
"""No word of a header that is one of them is taken for ordinary, but for those that `COLOURS_AND_PLACES` keeps."""
COLOURS_AND_PLACES = frozenset(
    {"black", "green", "white", "west", "rose", "hill", "fox", "rice", "wood", "young", "price", "gross", "dixon"}
)
"""Names that are words of headers: Dixon is a way to separate fat and water."""


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
    words = frozenset(re.findall(r"[^\W_]+", " ".join([*texts, MORE]).casefold()))
    return words - (FREQUENT_NAMES - COLOURS_AND_PLACES)
