package muc

var nameFacet, descriptionFacet, languageFacet, banFacet, nickFacet, membersFacet, lockFacet, maxUsersFacet, publicFacet, persistentFacet, moderatedFacet, inviteFacet, passwordFacet facet
